package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"siteready/platform"
)

func TestNoAnswerRoundTrip(t *testing.T) {
	if len(platform.Reasons()) != 8 {
		t.Fatalf("there are %d reasons", len(platform.Reasons()))
	}
	for i, reason := range platform.Reasons() {
		for _, ends := range []bool{false, true} {
			for _, help := range []string{"", "Do \"this\" <now>.\n"} {
				no := &platform.NoAnswer{Reason: reason, Cause: `D:\x & "ü" <y>`, Help: help, EndsLine: ends}
				data, err := json.Marshal(no)
				if err != nil {
					t.Fatal(err)
				}
				var back platform.NoAnswer
				if err := json.Unmarshal(data, &back); err != nil {
					t.Fatalf("%s: %v", data, err)
				}
				if !reflect.DeepEqual(back, *no) {
					t.Errorf("%s became %+v; want %+v", data, back, *no)
				}
				for j, other := range platform.Reasons() {
					if errors.Is(&back, other) != (i == j) {
						t.Errorf("%s: errors.Is with %v is %v", data, other, i != j)
					}
				}
			}
		}
	}
	// What is empty is left out: a recording of an absent value stays short.
	data, err := json.Marshal(platform.Refuse(platform.ErrAbsent, "%s is not there", "x"))
	if want := `{"reason":"absent","cause":"x is not there"}`; string(data) != want || err != nil {
		t.Errorf("it is written %s, %v; want %s", data, err, want)
	}
}

func TestNoAnswerIsNotReadFrom(t *testing.T) {
	for _, data := range []string{
		`{"reason":"moon","cause":"x"}`, `{"reason":"","cause":"x"}`, `{"cause":"x"}`, `{"reason":"Absent","cause":"x"}`,
		`{"reason":"absent"}`, `{"reason":"absent","cause":""}`, `{"reason":1,"cause":"x"}`, `[]`, `"absent"`, `1`, `{}`,
	} {
		no := platform.NoAnswer{}
		if err := json.Unmarshal([]byte(data), &no); err == nil {
			t.Errorf("%s became %+v", data, no)
		}
	}
}

func TestRefuse(t *testing.T) {
	no := platform.Refuse(platform.ErrDenied, "%s is closed to %d", "x", 5)
	if no.Error() != "x is closed to 5" || !errors.Is(no, platform.ErrDenied) || errors.Is(no, platform.ErrAbsent) || no.Help != "" || no.EndsLine {
		t.Errorf("%+v", no)
	}
}

// awkward is an error that gives no text.
type awkward struct{}

func (awkward) Error() string { return "" }

// Whatever a reader returns as an error, the door explains it, and never as an absence that
// the reader did not state.
func TestErrorsOfReadersAreExplained(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		reason error
		cause  string
	}{
		{"as it is", platform.Refuse(platform.ErrDenied, "closed"), platform.ErrDenied, "closed"},
		{"wrapped", fmt.Errorf("reading x: %w", platform.Refuse(platform.ErrDenied, "closed")), platform.ErrDenied, "closed"},
		{"a bare reason", platform.ErrAbsent, platform.ErrAbsent, "absent"},
		{"a wrapped reason", fmt.Errorf("x: %w", platform.ErrUnreachable), platform.ErrUnreachable, "x: unreachable"},
		{"nothing known", errors.New("clouds"), platform.ErrUnsupported, "clouds"},
		{"no text", awkward{}, platform.ErrUnsupported, "no cause was given"},
		{"no reason", &platform.NoAnswer{Cause: "clouds"}, platform.ErrUnsupported, "clouds"},
		{"another reason", &platform.NoAnswer{Reason: awkward{}, Cause: "clouds"}, platform.ErrUnsupported, "clouds"},
		{"a reason inside of a reason", &platform.NoAnswer{Reason: fmt.Errorf("x: %w", platform.ErrDenied), Cause: "closed"}, platform.ErrDenied, "closed"},
		{"no cause", &platform.NoAnswer{Reason: platform.ErrTimeout}, platform.ErrTimeout, "no cause was given"},
		{"nothing at all", &platform.NoAnswer{}, platform.ErrUnsupported, "no cause was given"},
		{"an end that is not ours", context.DeadlineExceeded, platform.ErrUnsupported, "deadline"},
		{"nil that is no nil", (*platform.NoAnswer)(nil), platform.ErrUnsupported, "panic"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := reader(func(context.Context, platform.Question) (json.RawMessage, error) {
				return json.RawMessage(`{}`), test.err
			})
			m := open(t.Context(), r)
			_, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
			no := refused(t, err, test.reason, test.cause)
			if outcome := m.Outcomes()[platform.ReadMemory().Question]; outcome.Err != no || outcome.Answer != nil {
				t.Errorf("the outcome is %+v", outcome)
			}
			if _, err := json.Marshal(no); err != nil {
				t.Error(err)
			}
		})
	}
}
