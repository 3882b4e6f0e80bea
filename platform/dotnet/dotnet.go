// Package dotnet reads the configuration files of programs of the .NET Framework.
package dotnet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"siteready/platform"
)

// MaxConfiguration is how many bytes a configuration file may have.
const MaxConfiguration = 1 << 20

// A file names a few runtimes at most; each is as long as v2.0.50727.
const (
	maxRuntimes = 16
	maxVersion  = 32
)

// Runtime reads which runtimes a program may run on, and whether evidence of its publisher is made,
// from its configuration file in UTF-8. What is no such file is ErrMalformed, and more than
// MaxConfiguration bytes are ErrTooLarge, both about path; an error of content is handed on.
//
// The elements are those of https://learn.microsoft.com/dotnet/framework/configure-apps/file-schema/,
// supportedRuntime below startup and generatePublisherEvidence below runtime. .NET minds capitals in them.
func Runtime(content io.Reader, path string) (platform.RuntimeSettings, error) {
	text, err := io.ReadAll(io.LimitReader(content, MaxConfiguration+1))
	switch {
	case err != nil:
		return platform.RuntimeSettings{}, err
	case len(text) > MaxConfiguration:
		return platform.RuntimeSettings{}, platform.Refuse(platform.ErrTooLarge, "%s has more than %d bytes", path, MaxConfiguration)
	}
	settings := platform.RuntimeSettings{Size: int64(len(text)), Runtimes: []string{}}
	if err := read(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &settings); err != nil {
		return platform.RuntimeSettings{}, platform.Refuse(platform.ErrMalformed, "%s is no configuration of a program of .NET: %v", path, err)
	}
	return settings, nil
}

func read(text []byte, settings *platform.RuntimeSettings) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	var path []string
	for roots := 0; ; {
		token, err := decoder.Token()
		switch {
		case errors.Is(err, io.EOF) && roots == 1:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("it has no element configuration, or more than one")
		case err != nil:
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(path) == 0 {
				roots++
			}
			path = append(path, token.Name.Local)
			if path[0] != "configuration" {
				return errors.New("it begins with another element than configuration")
			}
			if err := see(path[1:], token, settings); err != nil {
				return err
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// see takes what one element says.
func see(path []string, element xml.StartElement, settings *platform.RuntimeSettings) error {
	switch {
	case slices.Equal(path, []string{"startup", "supportedRuntime"}):
		version := attribute(element, "version")
		if version == "" || len(version) > maxVersion || len(settings.Runtimes) == maxRuntimes {
			return errors.New("an element supportedRuntime has no version, or there are too many of them")
		}
		settings.Runtimes = append(settings.Runtimes, version)
	case slices.Equal(path, []string{"runtime", "generatePublisherEvidence"}):
		said := strings.ToLower(attribute(element, "enabled"))
		if said != "true" && said != "false" || settings.PublisherEvidence != "" {
			return errors.New("generatePublisherEvidence is neither true nor false, or stands there twice")
		}
		settings.PublisherEvidence = said
	}
	return nil
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
