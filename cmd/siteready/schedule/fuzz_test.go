package schedule_test

import (
	"strings"
	"testing"
	"time"

	"siteready/cmd/siteready/schedule"
)

// Whatever schtasks.exe prints is a task that can be compared, or is refused; and what siteready
// writes for a program and its arguments is read as the same.
func FuzzParseXML(f *testing.F) {
	whole := task(nil).XML()
	for _, text := range []string{
		whole, "", "\ufeff" + whole, strings.ReplaceAll(whole, "\r\n", " "), strings.Replace(whole, "UTF-16", "windows-1252", 1), "<Task/>", "<Task><Triggers><x/></Triggers></Task>", "<a>", "ERROR: no such task",
		"<Task><Principals><Principal/></Principals><Actions><Exec/></Actions></Task>", strings.Repeat("<Task>", 500), strings.Replace(whole, "PT", "PT9999999999999H", 1), whole[:len(whole)/2], whole + whole,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := schedule.ParseXML(text); err == nil {
			task(nil).Differences(r)
		} else if err.Error() == "" {
			t.Error("nobody says why")
		}
		want := task(func(t *schedule.Task) { t.Arguments, t.StopAfter = append(t.Arguments, text), time.Hour })
		if want.Validate() != nil {
			return
		}
		r, err := schedule.ParseXML(want.XML())
		if err != nil {
			t.Fatalf("%v in %s", err, want.XML())
		}
		if differ := want.Differences(r); len(differ) > 0 {
			t.Errorf("%q is read as %q", text, differ)
		}
	})
}
