package diagnosis

import (
	"slices"
	"strings"

	"siteready/platform"
)

// ofAnother reports whether all lines of a failure name other update packages than the one with this
// GUID. Then it is not the reason why this one does not go on.
func (j *judge) ofAnother(failure platform.KnownFailure, guid string) bool {
	if guid == "" || len(failure.Lines) == 0 || int64(len(failure.Lines)) != failure.Count { // lines that are not here may name it
		return false
	}
	others := j.otherPackages(guid)
	for _, line := range failure.Lines {
		text := strings.ToLower(line.Text)
		if strings.Contains(text, strings.ToLower(guid)) || !namesPackage(text) && !slices.ContainsFunc(others, func(other string) bool { return strings.Contains(text, other) }) {
			return false
		}
	}
	return true
}

// otherPackages are the GUIDs of the packages that the database knows, but for one, in small letters.
func (j *judge) otherPackages(but string) []string {
	var all []string
	add := func(guid string) {
		if guid != "" && !strings.EqualFold(guid, but) {
			all = append(all, strings.ToLower(guid))
		}
	}
	for _, row := range j.f.packages {
		add(row.Package)
	}
	for _, row := range j.f.setAside.value {
		add(row.Package)
	}
	for _, row := range j.f.installed.value {
		add(row.Package)
	}
	return all
}

// namesPackage reports whether a text in small letters has a GUID where the GUID of an update package stands.
func namesPackage(text string) bool {
	for _, before := range []string{`easysetuppayload\`, `cmustaging\`, "packageguid=", "package content ", "singlepackage downloading ", "redist for ", "redist for update "} {
		for rest := text; ; {
			_, after, found := strings.Cut(rest, before)
			if !found {
				break
			}
			if isGUID(after[:min(len(after), guidLetters)]) {
				return true
			}
			rest = after
		}
	}
	return false
}

// guidLetters is how long a GUID is without braces.
const guidLetters = 36

func isGUID(text string) bool {
	for i := range len(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (text[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdef", rune(text[i])) {
			return false
		}
	}
	return len(text) == guidLetters
}
