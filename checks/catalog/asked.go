package catalog

import (
	"cmp"
	"slices"
	"strings"

	"siteready/checks/diagnosis"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Asked is one question that this program can ask, with holes, and who asks it.
type Asked struct {
	Form   platform.Form
	By     []string // ids of checks, "report" for its head, "diagnose", "logs", "record" for the further questions
	Why    string   // of a question that only a recording asks
	Rights []string // of a SQL statement: what those who ask declare
}

// The names of those who ask and are no check.
const (
	ByReport   = "report"
	ByDiagnose = "diagnose"
	ByLogs     = "logs"
	ByRecord   = "record"
)

// Questions lists everything that this program can ever ask, sorted by kind, then by what is
// asked. Each form stands in it once.
func Questions() []Asked {
	var all []Asked
	at := map[platform.Form]int{}
	add := func(form platform.Form, by, why string, rights []string) {
		i, known := at[form]
		if !known {
			i = len(all)
			at[form] = i
			all = append(all, Asked{Form: form, Why: why})
		}
		one := &all[i]
		if !slices.Contains(one.By, by) {
			one.By = append(one.By, by)
		}
		for _, right := range rights {
			if form.Kind == platform.KindSQL && strings.HasPrefix(right, "SQL Server") && !slices.Contains(one.Rights, right) {
				one.Rights = append(one.Rights, right)
			}
		}
	}
	for _, form := range discovery.DescribeReads() {
		add(form, ByReport, "", discovery.DescribeRights())
	}
	for _, check := range All().Checks() {
		for _, form := range check.Reads {
			add(form, check.ID, "", check.Rights)
		}
	}
	for _, need := range diagnosis.Needs() {
		for _, form := range need.Forms {
			add(form, ByDiagnose, "", need.Rights)
		}
	}
	for _, form := range logsReads() {
		add(form, ByLogs, "", nil)
	}
	for _, further := range FurtherQuestions() {
		add(further.Form, ByRecord, further.Why, nil)
	}
	slices.SortFunc(all, func(a, b Asked) int {
		x, y := a.Form, b.Form
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.On, y.On), cmp.Compare(x.Where, y.Where),
			cmp.Compare(x.What, y.What), cmp.Compare(x.Text, y.Text))
	})
	return all
}

// logsReads are the questions by which `siteready logs` finds the logs of its machine. The values
// that it reads have their names from the machine, too.
func logsReads() []platform.Form {
	const instances = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`
	const parameters = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\{instance}\MSSQLServer\Parameters`
	return slices.Concat(discovery.SiteReads(), discovery.ServiceManagerReads(), []platform.Form{
		platform.ReadKey(instances).Form(), platform.ReadText(instances, "{name of an instance}").Form(),
		platform.ReadKey(parameters).Form(), platform.ReadText(parameters, "{start parameter}").Form(),
	})
}
