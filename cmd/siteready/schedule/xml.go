package schedule

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// namespace is that of tasks. The version is that of Windows Server 2008, which every later one takes.
// https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema
const namespace = "http://schemas.microsoft.com/windows/2004/02/mit/task"

// system is SYSTEM, whatever Windows calls it in its language.
const system = "S-1-5-18"

// What the task says of how it runs, and Windows is asked for afterwards.
const (
	noSecondInstance = "IgnoreNew"
	logOnManaged     = "Password" // of a managed account Windows gets the password itself
)

const template = `<Task version="1.2" xmlns="%s">
  <RegistrationInfo>
    <Description>%s</Description>
    <URI>\%s</URI>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>%s</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>%s</UserId>%s
      <RunLevel>HighestAvailable</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>%s</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>%s</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>%s</Command>
      <Arguments>%s</Arguments>
      <WorkingDirectory>%s</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`

// body is the task without the declaration, in ASCII: what is not stands as a reference.
func (t Task) body() string {
	user, logOn := system, ""
	if t.Account != "" {
		user, logOn = t.Account, "\n      <LogonType>"+logOnManaged+"</LogonType>"
	}
	return fmt.Sprintf(template, namespace,
		escape("Looks each night whether the site is ready for an update. Registered by `siteready schedule install`."), escape(t.Name),
		t.Start.Format("2006-01-02T15:04:05"), escape(user), logOn, noSecondInstance, duration(t.StopAfter),
		escape(`"`+t.Program+`"`), escape(CommandLine(t.Arguments)), escape(t.Folder()),
	)
}

// XML is the task as text for people, in ASCII and without a declared encoding, so that it can
// be redirected into a file by every shell.
func (t Task) XML() string { return "<?xml version=\"1.0\"?>\n" + t.body() }

// File is the task as schtasks.exe takes it: UTF-16 with a byte order mark, lines ending in CR LF.
func (t Task) File() []byte {
	text := strings.ReplaceAll("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"+t.body(), "\n", "\r\n")
	file := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		file = append(file, byte(unit), byte(unit>>8))
	}
	return file
}

// duration is a time as XML has it, in hours, minutes and seconds.
func duration(d time.Duration) string {
	seconds := int(d / time.Second)
	text := "PT"
	for _, part := range []struct {
		n    int
		unit string
	}{{seconds / 3600, "H"}, {seconds / 60 % 60, "M"}, {seconds % 60, "S"}} {
		if part.n > 0 {
			text += fmt.Sprintf("%d%s", part.n, part.unit)
		}
	}
	return text
}

var durationForm = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

// parseDuration reads a time as XML has it.
func parseDuration(text string) (time.Duration, bool) {
	parts := durationForm.FindStringSubmatch(text)
	if parts == nil || text == "P" {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if n, err := strconv.Atoi(parts[i+1]); err == nil { // else it is not there
			d += time.Duration(n) * unit
		}
	}
	return d, true
}

// escape is text between tags, in ASCII.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case strings.ContainsRune("<>&", r) || r > 0x7E:
			fmt.Fprintf(&b, "&#x%X;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Registered is a task as Windows has it.
type Registered struct {
	Account   string // a name or a SID
	LogOn     string // S4U, Password, InteractiveToken; empty where Windows needs none
	Start     string // of the first trigger, as Windows wrote it
	Daily     bool   // the task has one trigger, and that is on each day
	Command   string
	Arguments string
	Folder    string
	StopAfter string // as XML has it: PT30M
	Instances string // what happens to a second instance
	Disabled  bool   // the task, or its trigger
}

// ParseXML reads the task that schtasks.exe prints. Whatever encoding its declaration names, text
// is UTF-8.
func ParseXML(text string) (Registered, error) {
	var task struct {
		XMLName  xml.Name
		Triggers struct {
			All []struct {
				XMLName       xml.Name
				StartBoundary string
				Enabled       string
				ScheduleByDay struct{ DaysInterval string }
			} `xml:",any"`
		}
		Principals struct {
			Principal []struct{ UserId, GroupId, LogonType string }
		}
		Settings struct{ MultipleInstancesPolicy, Enabled, ExecutionTimeLimit string }
		Actions  struct {
			Exec []struct{ Command, Arguments, WorkingDirectory string }
		}
	}
	decoder := xml.NewDecoder(bytes.NewBufferString(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := decoder.Decode(&task); err != nil {
		return Registered{}, fmt.Errorf("%w: %w", errNoXML, err)
	}
	switch {
	case task.XMLName.Local != "Task":
		return Registered{}, fmt.Errorf("%w: it is <%s>", errNoXML, task.XMLName.Local)
	case len(task.Principals.Principal) != 1 || len(task.Actions.Exec) != 1:
		return Registered{}, fmt.Errorf("%w that runs one program as one account", errNoXML)
	}
	who, what := task.Principals.Principal[0], task.Actions.Exec[0]
	r := Registered{
		Account: who.UserId + who.GroupId, LogOn: who.LogonType,
		Command: what.Command, Arguments: what.Arguments, Folder: what.WorkingDirectory,
		StopAfter: task.Settings.ExecutionTimeLimit, Instances: task.Settings.MultipleInstancesPolicy,
		Disabled: task.Settings.Enabled == "false" || len(task.Triggers.All) == 0,
	}
	if len(task.Triggers.All) > 0 {
		first := task.Triggers.All[0]
		r.Start = first.StartBoundary
		r.Daily = len(task.Triggers.All) == 1 && first.XMLName.Local == "CalendarTrigger" && first.ScheduleByDay.DaysInterval == "1"
		r.Disabled = r.Disabled || first.Enabled == "false"
	}
	return r, nil
}

// alike reports whether a text that schtasks.exe printed is the wanted one. A letter that the code
// page of the console lacks comes as another one or two, or as question marks: only what is ASCII can
// be compared, and how much there is.
func alike(found, wanted string) bool {
	if found == wanted {
		return true
	}
	foreign := func(r rune) bool { return r >= utf8.RuneSelf }
	most := 0
	for _, r := range wanted {
		most++
		if foreign(r) {
			most++
		}
	}
	if utf8.RuneCountInString(found) > most {
		return false
	}
	rest := wanted
	for begun := 0; ; begun = 1 { // 1: something foreign stands before rest
		at := strings.IndexFunc(rest, foreign)
		if at < 0 {
			return begun == 1 && len(found) > len(rest) && strings.HasSuffix(found, rest)
		}
		place := strings.Index(found[min(begun, len(found)):], rest[:at])
		if place < 0 || begun == 0 && place > 0 {
			return false
		}
		found = found[min(begun, len(found))+place+at:]
		rest = strings.TrimLeftFunc(rest[at:], foreign)
	}
}

// Differences are what is registered otherwise than the task says, in words; empty when nothing is.
func (t Task) Differences(r Registered) []string {
	var all []string
	differ := func(what, found, wanted string) {
		if !alike(found, wanted) {
			all = append(all, fmt.Sprintf("%s is %q instead of %q", what, found, wanted))
		}
	}
	if t.Account == "" {
		if r.Account != system && !strings.EqualFold(r.Account, `NT AUTHORITY\SYSTEM`) && !strings.EqualFold(r.Account, "SYSTEM") {
			differ("the account", r.Account, "SYSTEM, "+system)
		}
	} else {
		// Windows keeps the account by its SID, which is not known here.
		if !alike(strings.ToLower(r.Account), strings.ToLower(t.Account)) && (!strings.HasPrefix(r.Account, "S-1-5-21-") || r.Account == system) {
			differ("the account", r.Account, t.Account)
		}
		differ("the log-on", r.LogOn, logOnManaged)
	}
	differ("the program", strings.Trim(r.Command, `"`), t.Program)
	differ("the arguments", r.Arguments, CommandLine(t.Arguments))
	differ("the folder", r.Folder, t.Folder())
	if limit, ok := parseDuration(r.StopAfter); !ok || limit != t.StopAfter {
		differ("the limit", r.StopAfter, duration(t.StopAfter))
	}
	differ("what becomes of a second instance", r.Instances, noSecondInstance)
	if start := t.Start.Format("2006-01-02T15:04:05"); !strings.HasPrefix(r.Start, start) || !r.Daily {
		all = append(all, fmt.Sprintf("it starts at %q, daily %t, instead of %q each day", r.Start, r.Daily, start))
	}
	if r.Disabled {
		all = append(all, "it is disabled")
	}
	return all
}
