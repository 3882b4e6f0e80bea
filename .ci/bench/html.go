package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"

	"siteready/report"
)

const (
	htmlChecks    = 150
	htmlItems     = 2000
	htmlRuns      = 21
	mostHTML      = 50 * time.Millisecond
	mostHTMLBytes = 1 << 20
)

// benchHTML measures the HTML page of a large site: the demonstration's checks, again and
// again under other names, with items of many servers. The template is read each time, as
// the program does.
func benchHTML(w io.Writer, program string) error {
	text, err := exec.Command(program, "demo", "--format", "json").Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // the demonstration is not ready: its exit code is 2
		return fmt.Errorf("the demonstration for the HTML page: %w", err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("the demonstration for the HTML page: %w", err)
	}
	if err := enlarge(&r); err != nil {
		return err
	}
	for _, c := range r.Checks {
		for i := range c.Evidence { // JSON for people is indented, and answers are not
			var compact bytes.Buffer
			if err := json.Compact(&compact, c.Evidence[i].Answer); err != nil {
				return err
			}
			c.Evidence[i].Answer = compact.Bytes()
		}
	}
	var times []time.Duration
	var page bytes.Buffer
	for range htmlRuns {
		page.Reset()
		start := time.Now()
		if err := report.HTML(&page, r); err != nil {
			return err
		}
		times = append(times, time.Since(start))
	}
	median, size := quantile(times, 0.5), int64(page.Len())
	good := median <= mostHTML && size <= mostHTMLBytes
	fmt.Fprintf(w, "\nHTML page of %d checks, %d items   %6.2f ms (%.2f to %.2f)   limit %v   %.2f MiB   limit %d MiB   %s\n",
		htmlChecks, htmlItems, milliseconds(median), milliseconds(quantile(times, 0.25)), milliseconds(quantile(times, 0.75)), mostHTML,
		mebibytes(size), mostHTMLBytes>>20, verdict(good))
	if !good {
		return errors.New("the HTML page takes too long or is too large")
	}
	return nil
}

// enlarge gives the report htmlChecks checks with htmlItems items in all.
func enlarge(r *report.Report) error {
	var some []report.Item
	for _, c := range r.Checks {
		some = append(some, c.Items...)
	}
	if len(some) == 0 {
		return errors.New("the demonstration has no items")
	}
	for i := 0; len(r.Checks) < htmlChecks; i++ {
		c := r.Checks[i]
		c.ID, c.Items = fmt.Sprintf("%s-%d", c.ID, i), slices.Clone(c.Items)
		r.Checks = append(r.Checks, c)
	}
	r.Checks = r.Checks[:htmlChecks]
	items := 0
	for _, c := range r.Checks {
		items += len(c.Items)
	}
	for ; items < htmlItems; items++ {
		c := &r.Checks[items%htmlChecks]
		item := some[items%len(some)]
		item.Key = fmt.Sprintf("server%04d.emea.contoso.com", items)
		c.Items = append(c.Items, item)
	}
	return nil
}
