package signatures

import "slices"

// Revision counts the changes of the built-in catalogue. A log in which an earlier revision was
// looked for says nothing of what came later.
const Revision = 1

// Later is a signature or a rule that came, or was changed, after revision 1.
type Later struct {
	ID       string
	Revision int64
}

// later lists them in the order of their revisions. testdata/revisions.tsv pins what each looks
// for, so that none can change without a place here.
func later() []Later { return nil }

// After are those that a digest of a revision could not find, by their ids.
func After(revision int64) []string {
	var ids []string
	for _, l := range later() {
		if l.Revision > revision {
			ids = append(ids, l.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
