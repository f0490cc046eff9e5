// Compares the table of readiness with kstatus itself:
//
//	go run -C tests/kstatus . ../../src/push/kubernetes/ready/table.yaml
//
// A row without the key `kstatus` says of its object what kstatus says, a row with it that kstatus says what stands there.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

type row struct {
	Name    string
	Object  json.RawMessage
	Is      string
	Kstatus string
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var rows []row
	if err := yaml.Unmarshal(text, &rows); err != nil {
		log.Fatal(err)
	}
	wrong, ours := 0, 0
	for _, row := range rows {
		expected := row.Is
		if row.Kstatus != "" {
			expected = row.Kstatus
			ours++
		}
		if says := kstatus(row.Object); says != expected {
			fmt.Printf("%s: the table has %s, kstatus says %s\n", row.Name, expected, says)
			wrong++
		}
	}
	fmt.Printf("%d rows, %d of them ours, %d wrong\n", len(rows), ours, wrong)
	if wrong > 0 || len(rows) == 0 {
		os.Exit(1)
	}
}

func kstatus(text []byte) string {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		log.Fatal(err)
	}
	result, err := status.Compute(object)
	if err != nil {
		return "error"
	}
	return result.Status.String()
}
