// What Flux and Argo CD would send of a tree, as they find it out themselves:
//
//	engines flux FILE ROOT      FILE is a Kustomization; built by the code that kustomize-controller builds with
//	engines argocd FILE ROOT    FILE is an Application; files are chosen by the globs and the expression of Argo CD
//
// ROOT is the repository. The objects are printed as YAML. Flux writes a kustomization.yaml into ROOT: give it a copy.
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/gobwas/glob"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: engines flux|argocd FILE ROOT"))
	}
	verb := map[string]func(unstructured.Unstructured, string) ([]byte, error){"flux": flux, "argocd": argocd}[os.Args[1]]
	text, err := os.ReadFile(os.Args[2])
	fail(err)
	var object unstructured.Unstructured
	fail(yaml.Unmarshal(text, &object.Object))
	made, err := verb(object, os.Args[3])
	fail(err)
	_, err = os.Stdout.Write(made)
	fail(err)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func flux(object unstructured.Unstructured, root string) ([]byte, error) {
	path, _, err := unstructured.NestedString(object.Object, "spec", "path")
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, path)
	if _, err := kustomize.NewGenerator(root, object).WriteFile(folder); err != nil {
		return nil, err
	}
	objects, err := kustomize.SecureBuild(root, folder, false)
	if err != nil {
		return nil, err
	}
	return objects.AsYaml()
}

// As reposerver/repository/repository.go of Argo CD has it, which cannot be had without all of Argo CD.
var manifest = regexp.MustCompile(`^.*\.(yaml|yml|json|jsonnet)$`)

func argocd(object unstructured.Unstructured, root string) ([]byte, error) {
	path, _, _ := unstructured.NestedString(object.Object, "spec", "source", "path")
	pattern, _, _ := unstructured.NestedString(object.Object, "spec", "source", "directory", "exclude")
	exclude, err := glob.Compile(pattern)
	if err != nil {
		return nil, err
	}
	var made bytes.Buffer
	folder := filepath.Join(root, path)
	err = filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !manifest.MatchString(entry.Name()) {
			return err
		}
		if below, err := filepath.Rel(folder, file); err != nil || exclude.Match(below) {
			return err
		}
		text, err := os.ReadFile(file)
		fmt.Fprintf(&made, "---\n%s", text)
		return err
	})
	return made.Bytes(), err
}
