package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// parts is what a release is made of.
type parts struct {
	modules []module // that others made, by their paths; the first is Go's standard library
	licence []byte   // of siteready itself
	ids     []string // its SPDX ids
	needs   []string // the paths of the modules that siteready imports itself
	golang  string   // the release of Go, "go1.26.0"
}

// module is a part that somebody else made and that is linked into the program.
type module struct {
	path, version string
	ids           []string // its licences, as SPDX ids
	texts         []text   // its licences and notices
	needs         []string // the paths of the modules that the linked packages of this one import
}

// text is a file about licences. Its name is relative to the module's folder, with slashes.
type text struct {
	name    string
	content []byte
}

const standardLibrary = "std"

// aboutLicences are the names of files that must go with a copy.
var aboutLicences = regexp.MustCompile(`(?i)^(un)?(licen[cs]es?|copying|copyright|notices?|patents)([-._].*)?$`)

// goPackage is what is used of the answer of `go list`.
type goPackage struct {
	ImportPath, Dir string
	Standard        bool
	Imports         []string
	Module          *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// parts reads from the programs which modules are linked into them, and from the folders of the
// linked packages, up to the module's, what their licences are. A module without a licence, or
// with one that is not known here, is an error.
func (r release) parts(ctx context.Context, programs map[string]string) (parts, error) {
	versions := map[string]string{} // of the linked modules
	var all parts
	for _, architecture := range architectures {
		info, err := buildinfo.ReadFile(programs[architecture])
		if err != nil {
			return parts{}, fmt.Errorf("read the build information of %s: %w", programs[architecture], err)
		}
		for _, dep := range info.Deps {
			if dep.Replace != nil {
				return parts{}, fmt.Errorf("the module %s is replaced: its licence is not that of the one that is named", dep.Path)
			}
			versions[dep.Path] = dep.Version
		}
		all.golang = info.GoVersion
	}
	root, err := command{dir: r.source, name: "go", args: []string{"env", "GOROOT"}}.run(ctx)
	if err != nil {
		return parts{}, err
	}
	found := map[string]*module{}
	owners := map[string]string{} // modules by the import paths of their packages
	var packages []goPackage
	for _, architecture := range architectures {
		list, err := r.packages(ctx, architecture)
		if err != nil {
			return parts{}, err
		}
		packages = append(packages, list...)
	}
	for _, p := range packages {
		m := module{path: standardLibrary, version: strings.TrimPrefix(all.golang, "go")}
		folder := strings.TrimSpace(string(root))
		switch {
		case p.Standard:
			p.Dir = folder
		case p.Module.Main:
			owners[p.ImportPath] = p.Module.Path
			continue
		default:
			m, folder = module{path: p.Module.Path, version: p.Module.Version}, p.Module.Dir
			if versions[m.path] != m.version {
				return parts{}, fmt.Errorf("the program says that it has %s %q, and its source needs %q", m.path, versions[m.path], m.version)
			}
		}
		owners[p.ImportPath] = m.path
		if found[m.path] == nil {
			found[m.path] = &m
		}
		if err := found[m.path].addTexts(folder, p.Dir); err != nil {
			return parts{}, err
		}
	}
	for path := range versions {
		if found[path] == nil {
			return parts{}, fmt.Errorf("the program has the module %s, and none of its packages imports it", path)
		}
	}
	all.needs = needs("siteready", packages, owners)
	for _, m := range found {
		if m.ids, err = licencesOf(m.texts); err != nil {
			return parts{}, fmt.Errorf("%s %s: %w", m.path, m.version, err)
		}
		m.needs = needs(m.path, packages, owners)
		all.modules = append(all.modules, *m)
	}
	slices.SortFunc(all.modules, func(a, b module) int {
		if a.path == standardLibrary || b.path == standardLibrary {
			return map[bool]int{true: -1, false: 1}[a.path == standardLibrary]
		}
		return strings.Compare(a.path, b.path)
	})
	if all.licence, err = os.ReadFile(filepath.Join(r.source, "LICENSE")); err != nil {
		return parts{}, err
	}
	if all.ids, err = licencesOf([]text{{"LICENSE", all.licence}}); err != nil {
		return parts{}, err
	}
	return all, nil
}

// packages lists what the program for one architecture is made of.
func (r release) packages(ctx context.Context, architecture string) ([]goPackage, error) {
	out, err := command{dir: r.source, env: r.buildEnvironment(architecture), name: "go", args: []string{
		"list", "-deps", "-json=ImportPath,Dir,Standard,Imports,Module", "./cmd/siteready",
	}}.run(ctx)
	if err != nil {
		return nil, err
	}
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("the answer of go list: %w", err)
		}
		if !p.Standard && p.Module == nil {
			return nil, fmt.Errorf("the package %s belongs to no module", p.ImportPath)
		}
		all = append(all, p)
	}
}

// needs lists the modules that the packages of one import.
func needs(path string, packages []goPackage, owners map[string]string) []string {
	var all []string
	for _, p := range packages {
		if owners[p.ImportPath] != path {
			continue
		}
		for _, other := range p.Imports {
			if owner := owners[other]; owner != "" && owner != path && !slices.Contains(all, owner) {
				all = append(all, owner)
			}
		}
	}
	slices.Sort(all)
	return all
}

// addTexts adds what lies in the folder of a package and in those above it, up to the module's.
func (m *module) addTexts(top, folder string) error {
	for {
		relative, err := filepath.Rel(top, folder)
		if err != nil || strings.HasPrefix(relative, "..") {
			return fmt.Errorf("%s: the package in %s is not in the module's folder", m.path, folder)
		}
		files, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, file := range files {
			name := filepath.ToSlash(filepath.Join(relative, file.Name()))
			known := slices.ContainsFunc(m.texts, func(t text) bool { return t.name == name })
			if known || !file.Type().IsRegular() || !aboutLicences.MatchString(file.Name()) || filepath.Ext(name) == ".go" {
				continue
			}
			content, err := os.ReadFile(filepath.Join(folder, file.Name()))
			if err != nil {
				return err
			}
			m.texts = append(m.texts, text{name, content})
		}
		if relative == "." {
			slices.SortFunc(m.texts, func(a, b text) int { return strings.Compare(a.name, b.name) })
			return nil
		}
		folder = filepath.Dir(folder)
	}
}
