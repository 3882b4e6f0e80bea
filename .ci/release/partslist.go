package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
)

// bom is the list of parts as CycloneDX 1.6 has it: https://cyclonedx.org/docs/1.6/json/
type bom struct {
	Schema       string `json:"$schema"`
	Format       string `json:"bomFormat"`
	SpecVersion  string `json:"specVersion"`
	SerialNumber string `json:"serialNumber"`
	Version      int    `json:"version"`
	Metadata     struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	} `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type component struct {
	Type       string          `json:"type"`
	Ref        string          `json:"bom-ref"`
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	Licenses   []licenseChoice `json:"licenses,omitempty"`
	PackageURL string          `json:"purl,omitempty"`
	Hashes     []hash          `json:"hashes,omitempty"`
	Components []component     `json:"components,omitempty"`
	Properties []property      `json:"properties,omitempty"`
}

type licenseChoice struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// partsList is the list of parts for programs, as JSON.
func (r release) partsList(all parts, programs map[string]string) ([]byte, error) {
	list := bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
	}
	list.Metadata.Timestamp = r.at.Format(time.RFC3339)
	refs := map[string]string{}
	for _, m := range all.modules {
		refs[m.path] = packageURL(m.path, m.version)
	}
	refsOf := func(paths []string) []string {
		var found []string
		for _, path := range paths {
			found = append(found, refs[path])
		}
		return found
	}
	own := component{
		Type: "application", Ref: "siteready", Name: "siteready", Version: r.version, Licenses: choices(all.ids),
		Properties: []property{{"siteready:go", all.golang}, {"siteready:source", r.text}},
	}
	var digests strings.Builder
	for _, architecture := range architectures {
		program, err := os.ReadFile(programs[architecture])
		if err != nil {
			return nil, err
		}
		digest := fmt.Sprintf("%x", sha256.Sum256(program))
		digests.WriteString(digest)
		own.Components = append(own.Components, component{
			Type: "file", Ref: programFile + "-" + architecture, Name: architecture + "/" + programFile, Version: r.version,
			Hashes: []hash{{"SHA-256", digest}},
		})
	}
	list.Metadata.Component = own
	list.SerialNumber = "urn:uuid:" + r.guid("parts "+digests.String()).String()
	list.Dependencies = append(list.Dependencies, dependency{own.Ref, refsOf(all.needs)})
	for _, m := range all.modules {
		list.Components = append(list.Components, component{
			Type: "library", Ref: refs[m.path], Name: m.path, Version: m.version, Licenses: choices(m.ids), PackageURL: refs[m.path],
		})
		list.Dependencies = append(list.Dependencies, dependency{refs[m.path], refsOf(m.needs)})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(list)
	return b.Bytes(), err
}

// packageURL names a module as all lists of parts do, so that they can be compared with lists of known
// faults: https://github.com/package-url/purl-spec
func packageURL(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + url.QueryEscape(version)
}

func choices(ids []string) []licenseChoice {
	all := make([]licenseChoice, len(ids))
	for i, id := range ids {
		all[i].License.ID = id
	}
	return all
}

// guid is an identifier that is the same for the same text of the same version.
func (r release) guid(text string) uuid.UUID {
	return uuid.NewSHA1(uuid.MustParse(upgradeCode), []byte(r.version+" "+text))
}
