// Reads configuration by the parser of the program that it is for:
//
//	parsers alloy|compose|corefile|prometheus|registry|snmp FILE
//
// Nothing is said of a file that the program would take; else what is wrong, and the exit code is 1.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/coredns/caddy/caddyfile"
	"github.com/docker/distribution/configuration"
	"github.com/go-kit/log"
	"github.com/grafana/alloy/syntax/parser"
	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/kubernetes" // else it does not know kubernetes_sd_configs
	snmp "github.com/prometheus/snmp_exporter/config"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: parsers LANGUAGE FILE"))
	}
	read, known := map[string]func(string, []byte) error{
		"alloy": alloy, "compose": compose, "corefile": corefile, "prometheus": prometheus, "registry": registry, "snmp": snmpYAML,
	}[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no parser for %s", os.Args[1]))
	}
	text, err := os.ReadFile(os.Args[2])
	fail(err)
	fail(read(os.Args[2], text))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func alloy(path string, text []byte) error {
	_, err := parser.ParseFile(path, text)
	return err
}

func compose(path string, _ []byte) error {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithName("check"))
	if err != nil {
		return err
	}
	_, err = options.LoadProject(context.Background())
	return err
}

func corefile(path string, text []byte) error {
	_, err := caddyfile.Parse(path, bytes.NewReader(text), nil)
	return err
}

func prometheus(_ string, text []byte) error {
	_, err := config.Load(string(text), false, log.NewNopLogger())
	return err
}

func registry(_ string, text []byte) error {
	_, err := configuration.Parse(bytes.NewReader(text))
	return err
}

func snmpYAML(path string, _ []byte) error {
	_, err := snmp.LoadFile([]string{path}, false)
	return err
}
