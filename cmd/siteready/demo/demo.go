// Package demo holds the site of `siteready demo`. It is constructed from
// testdata/sites/demo.yaml; no such site exists. `make golden` writes it anew.
package demo

import _ "embed" // for Site

// Site is the recording.
//
//go:embed site.siteready
var Site []byte
