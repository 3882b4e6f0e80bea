// Package platformtest answers questions from a constructed site, injects faults, and holds
// the conformance suite that every reader must pass.
package platformtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"siteready/platform"
	"siteready/platform/dotnet"
)

// Site is a constructed site: nobody recorded it. It implements platform.Reader. Its
// registry, services, files, folders, logs and volumes are complete: what is not in it is absent.
type Site struct {
	About    string                         `json:"about"`
	ReadAt   time.Time                      `json:"read_at"`
	Computer *platform.Computer             `json:"computer"`
	Windows  *platform.OSVersion            `json:"windows"` // nil: not a Windows machine
	Boot     time.Time                      `json:"boot"`
	Memory   uint64                         `json:"memory"` // bytes
	Registry Registry                       `json:"registry"`
	Services map[string]platform.Service    `json:"services"`
	Files    map[string]platform.File       `json:"files"`
	Contents map[string]string              `json:"contents"` // of text files whose digest may be asked, by path
	Folders  map[string]Folder              `json:"folders"`  // by path
	Access   map[string]platform.AccessList `json:"access"`   // of folders, by path; a folder without one has none to tell
	Logs     map[string]string              `json:"logs"`     // by path, the log's text
	Volumes  map[string]Volume              `json:"volumes"`  // by mount point
	SQL      map[string]Databases           `json:"sql"`      // by instance
	Servers  map[string]Server              `json:"servers"`  // others, by the name that they are asked by; what is not here is out of reach

	// KeyBackups are files with the encryption keys of servers, by server, which whoever judges
	// the site names.
	KeyBackups map[string]string `json:"key_backups"`

	// Findings are all that the catalogue must find amiss here, and it must find nothing else.
	Findings []Finding `json:"findings"`

	Native
}

// Registry is a constructed registry: by key the values by name, which are text, number
// (DWORD), {qword: n} or list.
type Registry map[string]map[string]any

// Server is another server, as far as it can be asked from the machine.
type Server struct {
	Registry Registry                         `json:"registry"`
	Groups   map[string]platform.GroupMembers `json:"groups"` // its local groups, by SID; none at all: it refuses to tell
}

// Databases are an instance's databases by name, and in each the rows by statement's name.
type Databases map[string]map[string][]map[string]any

// Folder is what fits each pattern in a folder.
type Folder map[string]platform.Folder

// Volume is a mounted volume.
type Volume struct {
	Total      uint64 `json:"total"` // bytes
	Free       uint64 `json:"free"`  // bytes
	FileSystem string `json:"file_system"`
}

// written is the last write of every key in a constructed registry.
var written = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Load reads testdata/sites/NAME.yaml below root. A site may say `like: OTHER` and then
// holds only what differs; a null removes. What stands below `rename` is replaced before, in
// every name and text of the other site, and then what stands below `rows`, by statement and
// column, in each row that the other site answers with; see overwrite.
func Load(root, name string) (map[string]any, error) {
	path := filepath.Join(root, "testdata", "sites", name+".yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	like, ok := tree["like"].(string)
	if !ok {
		return tree, nil
	}
	delete(tree, "like")
	base, err := Load(root, like)
	if err != nil {
		return nil, err
	}
	if names, ok := tree["rename"].(map[string]any); ok {
		delete(tree, "rename")
		base = rename(base, names).(map[string]any)
	}
	if statements, ok := tree["rows"].(map[string]any); ok {
		delete(tree, "rows")
		if err := overwrite(base, statements); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return Edit(base, tree), nil
}

// Edit lays edit over tree: maps are merged, a null removes, everything else replaces.
// Neither argument is changed.
func Edit(tree, edit map[string]any) map[string]any {
	out := maps.Clone(tree)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range edit {
		below, isMap := value.(map[string]any)
		switch {
		case value == nil:
			delete(out, key)
		case isMap:
			old, _ := out[key].(map[string]any)
			out[key] = Edit(old, below)
		default:
			out[key] = value
		}
	}
	return out
}

// New makes a site of a tree. A field that is not known is an error.
func New(tree map[string]any) (*Site, error) {
	data, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	d.UseNumber()
	var s Site
	if err := d.Decode(&s); err != nil {
		return nil, err
	}
	return &s, nil
}

// Read implements platform.Reader.
func (s *Site) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	answer, err := s.answer(ctx, q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

func (s *Site) answer(ctx context.Context, q platform.Question) (any, error) {
	if q.Kind == platform.KindSQL {
		return s.rows(q)
	}
	if s.Windows == nil {
		return nil, platform.Refuse(platform.ErrUnsupported, "this is not Windows")
	}
	if q.On != "" {
		return s.elsewhere(q)
	}
	switch q.Kind {
	case platform.KindRegistry:
		return s.Registry.answer(q)
	case platform.KindService:
		return find(s.Services, q, q.What)
	case platform.KindFile:
		return find(s.Files, q, q.Where)
	case platform.KindDigest:
		return s.digest(q)
	case platform.KindFolder:
		return s.folder(q)
	case platform.KindAccess:
		return s.access(q)
	case platform.KindVolume:
		return s.volume(q)
	case platform.KindOS:
		return s.os(q)
	case platform.KindAccount:
		return s.account(q)
	case platform.KindEvents:
		return s.events(q)
	case platform.KindLog:
		return s.log(ctx, q)
	case platform.KindShare:
		return s.share(q)
	case platform.KindCertificate:
		return s.certificates(q)
	case platform.KindTCP:
		return s.tcp(q)
	case platform.KindName:
		return s.addresses(q)
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "a constructed site has no answers of kind %q", q.Kind)
}

// elsewhere answers what is asked of another server.
func (s *Site) elsewhere(q platform.Question) (any, error) {
	if q.Kind == platform.KindAccount {
		return s.groupElsewhere(q)
	}
	if q.Kind != platform.KindRegistry {
		return nil, platform.Refuse(platform.ErrUnsupported, "%s: this cannot be asked of another server", q)
	}
	for name, server := range s.Servers {
		if strings.EqualFold(name, q.On) {
			return server.Registry.answer(q)
		}
	}
	no := platform.Refuse(platform.ErrUnreachable, "RegConnectRegistry %s: the network path was not found (53)", q.On)
	no.EndsLine = true
	return nil, no
}

func absent(q platform.Question) error {
	return platform.Refuse(platform.ErrAbsent, "%s is not there", q)
}

// find looks a name up as Windows does, without regard to case.
func find[V any](all map[string]V, q platform.Question, name string) (any, error) {
	for key, value := range all {
		if strings.EqualFold(key, name) {
			return value, nil
		}
	}
	return nil, absent(q)
}

func (s *Site) os(q platform.Question) (any, error) {
	switch q.What {
	case "version":
		return s.Windows, nil
	case "name":
		if s.Computer != nil {
			return s.Computer, nil
		}
	case "boot":
		return platform.Boot{At: s.Boot}, nil
	case "memory":
		return platform.Memory{Total: s.Memory}, nil
	case "domain":
		if s.Domain != nil {
			return s.Domain, nil
		}
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "a constructed site has no answer to %s", q)
}

// digest answers for the content of a file.
func (s *Site) digest(q platform.Question) (any, error) {
	content, err := find(s.Contents, q, q.Where)
	if err != nil {
		return nil, err
	}
	text := content.(string)
	if q.What == platform.DigestRuntime {
		return dotnet.Runtime(strings.NewReader(text), q.Where)
	}
	return platform.Digest{Size: int64(len(text)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(text)))}, nil
}

// folder answers for a folder. A pattern of which nothing is said fits no file in it.
func (s *Site) folder(q platform.Question) (any, error) {
	if _, err := platform.ParseNamePattern(q.What); err != nil {
		return nil, err
	}
	for path, folder := range s.Folders {
		if strings.EqualFold(path, q.Where) {
			return folder[q.What], nil
		}
	}
	return nil, absent(q)
}

// access answers for the access list of a folder.
func (s *Site) access(q platform.Question) (any, error) {
	if _, err := find(s.Folders, q, q.Where); err != nil {
		return nil, err
	}
	list, err := find(s.Access, q, q.Where)
	if err != nil {
		return nil, unknown(q)
	}
	return list, nil
}

func (s *Site) volume(q platform.Question) (any, error) {
	best := ""
	for mount := range s.Volumes {
		if len(mount) > len(best) && len(q.Where) >= len(mount) && strings.EqualFold(q.Where[:len(mount)], mount) {
			best = mount
		}
	}
	if best == "" {
		return nil, absent(q)
	}
	v := s.Volumes[best]
	return platform.Volume{Mount: best, Total: v.Total, Free: v.Free, FileSystem: v.FileSystem}, nil
}

func (s *Site) rows(q platform.Question) (any, error) {
	databases, ok := s.SQL[q.On]
	if !ok {
		no := platform.Refuse(platform.ErrUnreachable, "SQL Server %s cannot be reached", q.On)
		no.EndsLine = true
		return nil, no
	}
	statements, ok := databases[q.Where]
	if !ok {
		return nil, platform.Refuse(platform.ErrDenied, "SQL Server %s does not open the database %s (4060)", q.On, q.Where)
	}
	rows, ok := statements[q.What]
	if !ok {
		return nil, platform.Refuse(platform.ErrAbsent, "SQL Server %s has no object for %s in %s (208)", q.On, q.What, q.Where)
	}
	return rows, nil
}

func (r Registry) answer(q platform.Question) (any, error) {
	key, value := q.Where, q.What
	values, found := map[string]any(nil), false
	subkeys := map[string]bool{}
	for k, v := range r {
		if strings.EqualFold(k, key) {
			values, found = v, true
			continue
		}
		if rest, below := cutPrefixFold(k, key+`\`); below {
			name, _, _ := strings.Cut(rest, `\`)
			subkeys[name], found = true, true
		}
	}
	if !found {
		return nil, absent(q)
	}
	if value == "" {
		return registryKey(names(subkeys), names(values)), nil
	}
	for name, v := range values {
		if strings.EqualFold(name, value) {
			return registryValue(v)
		}
	}
	return nil, absent(q)
}

// registryKey cuts the lists as a live reader does.
func registryKey(subkeys, values []string) platform.RegistryKey {
	first := func(names []string) []string { return names[:min(len(names), platform.MaxNames)] }
	return platform.RegistryKey{
		Subkeys: first(subkeys), Values: first(values), Written: written,
		More: len(subkeys) > platform.MaxNames || len(values) > platform.MaxNames,
	}
}

func names[V any](set map[string]V) []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(set))))
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

func registryValue(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return platform.RegistryValue{Type: "sz", Text: &v}, nil
	case json.Number:
		return number("dword", v)
	case map[string]any:
		if q, ok := v["qword"].(json.Number); ok && len(v) == 1 {
			return number("qword", q)
		}
	case []any:
		list := make([]string, len(v))
		for i, element := range v {
			list[i] = fmt.Sprint(element)
		}
		return platform.ListValue(list), nil
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "a constructed registry cannot hold %v", v)
}

func number(kind string, n json.Number) (any, error) {
	i, err := n.Int64()
	if err != nil || i < 0 {
		return nil, platform.Refuse(platform.ErrUnsupported, "a constructed registry cannot hold %v", n)
	}
	u := uint64(i)
	return platform.RegistryValue{Type: kind, Number: &u}, nil
}

// Questions lists everything that the site can be asked but SQL, so that a recording of all
// of it can be made.
func (s *Site) Questions() []platform.Question {
	var all []platform.Question
	registry := func(server string, r Registry) {
		for key, values := range r {
			all = append(all, platform.ReadKey(key).At(server).Question)
			for name := range values {
				all = append(all, platform.ReadText(key, name).At(server).Question)
			}
		}
	}
	registry("", s.Registry)
	for name, server := range s.Servers {
		registry(name, server.Registry)
		for sid := range server.Groups {
			all = append(all, platform.ReadGroupMembers(sid).At(name).Question)
		}
	}
	for name := range s.Services {
		all = append(all, platform.ReadService(name).Question)
	}
	for path := range s.Files {
		all = append(all, platform.ReadFile(path).Question)
	}
	for path := range s.Contents {
		all = append(all, platform.ReadDigest(path).Question)
		if strings.HasSuffix(strings.ToLower(path), ".config") {
			all = append(all, platform.ReadRuntimeSettings(path).Question)
		}
	}
	for path, folder := range s.Folders {
		for pattern := range folder {
			all = append(all, platform.ReadFolder(path, pattern).Question)
		}
	}
	for path := range s.Access {
		all = append(all, platform.ReadAccess(path).Question)
	}
	for path := range s.Logs {
		all = append(all, logQuestions(path)...)
	}
	for mount := range s.Volumes {
		all = append(all, platform.ReadVolume(mount).Question)
	}
	all = append(all, s.Native.questions()...)
	return append(all, platform.ReadOSVersion().Question, platform.ReadComputer().Question, platform.ReadBoot().Question, platform.ReadMemory().Question)
}
