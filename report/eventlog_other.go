//go:build !windows

package report

import "errors"

// WriteEvents needs Windows.
func WriteEvents([]Event) error { return errors.New("this system has no Windows event log") }
