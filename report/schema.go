package report

import (
	_ "embed" // the schema is a file, so that it can be read without the program
	"fmt"
	"io"
)

//go:embed schema.json
var jsonSchema string

// JSONSchema writes the JSON schema, draft 2020-12, of what JSON writes. Fields may be added
// under the same Schema number, but none is renamed, removed or given another meaning.
func JSONSchema(w io.Writer) error {
	if _, err := io.WriteString(w, jsonSchema); err != nil {
		return fmt.Errorf("write the schema: %w", err)
	}
	return nil
}
