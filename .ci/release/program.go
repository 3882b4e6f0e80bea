package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// manifest says that the program runs with the rights of whoever starts it, takes long paths, and
// was made for the Windows that Go needs, so that Windows tells it its true version.
// https://learn.microsoft.com/windows/win32/sbscs/application-manifests
//
//go:embed siteready.manifest
var manifest []byte

// build builds the program for one architecture, with its resources.
func (r release) build(ctx context.Context, architecture, program string) error {
	folder := filepath.Dir(program)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := r.resources(ctx, architecture, folder); err != nil {
		return err
	}
	_, err := command{dir: r.source, env: r.buildEnvironment(architecture), name: "go", args: []string{
		"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=" + r.text, "-o", program, "./cmd/siteready",
	}}.run(ctx)
	return err
}

// buildEnvironment sets everything that changes what Go builds.
func (r release) buildEnvironment(architecture string) []string {
	return append([]string{
		"GOOS=windows", "GOARCH=" + architecture, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off",
	}, r.env...)
}

// resources writes the version and the manifest beside the program's source, where Go's linker
// takes them by their name.
func (r release) resources(ctx context.Context, architecture, work string) error {
	var numbers struct{ Major, Minor, Patch, Build int }
	for i, part := range strings.Split(r.version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return err
		}
		*[]*int{&numbers.Major, &numbers.Minor, &numbers.Patch}[i] = n
	}
	manifestFile, infoFile := filepath.Join(work, "siteready.manifest"), filepath.Join(work, "version.json")
	info, err := json.Marshal(map[string]any{
		"FixedFileInfo": map[string]any{
			"FileVersion": numbers, "ProductVersion": numbers,
			"FileFlagsMask": "3f", "FileFlags": "00", "FileOS": "040004", "FileType": "01", "FileSubType": "00",
		},
		"StringFileInfo": map[string]string{
			"CompanyName": manufacturer, "ProductName": "siteready", "FileDescription": description,
			"FileVersion": r.version + ".0", "ProductVersion": r.version, "Comments": "Built from " + r.text,
			"InternalName": "siteready", "OriginalFilename": programFile, "LegalCopyright": "MIT License",
		},
		"VarFileInfo":  map[string]string{"LangID": "0409", "CharsetID": "04B0"},
		"ManifestPath": manifestFile,
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(manifestFile, manifest, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(infoFile, info, 0o644); err != nil {
		return err
	}
	args := []string{"-64", "-o", filepath.Join(r.source, "cmd", "siteready", "resources_windows_"+architecture+".syso")}
	if architecture == "arm64" {
		args = append(args, "-arm")
	}
	_, err = command{name: r.goversioninfo, args: append(args, infoFile), quiet: true}.run(ctx)
	return err
}
