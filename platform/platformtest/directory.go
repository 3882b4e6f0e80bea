package platformtest

import (
	"slices"
	"strings"

	"siteready/platform"
)

// Directory is what a controller of a domain tells of its accounts. One that is not there does not
// exist.
type Directory struct {
	Controller string                               `json:"controller"`
	Accounts   map[string]platform.DirectoryAccount `json:"accounts"` // by name, without the domain; the controller is that of the directory
	Groups     map[string][]string                  `json:"groups"`   // by name of the account, the SIDs of its groups; without one the directory does not tell
}

// inDirectory answers for an account of a domain, and for its groups.
func (n *Native) inDirectory(q platform.Question) (any, error) {
	domain, name, _ := strings.Cut(q.Where, `\`)
	found, err := find(n.Directories, q, domain)
	if err != nil {
		return nil, platform.Refuse(platform.ErrUnreachable, "DsGetDcName %s: the domain does not exist or could not be contacted (1355)", domain)
	}
	directory := found.(Directory)
	answer, err := find(directory.Accounts, q, name)
	if err != nil {
		return nil, platform.Refuse(platform.ErrAbsent, `NetUserGetInfo %s on \\%s: the user name could not be found (2221)`, q.Where, directory.Controller)
	}
	account := answer.(platform.DirectoryAccount)
	account.Controller = directory.Controller
	if q.What == platform.InDirectory {
		return account, nil
	}
	groups, err := find(directory.Groups, q, name)
	if err != nil {
		return nil, platform.Refuse(platform.ErrDenied, `ldap_search_ext_s tokenGroupsGlobalAndUniversal of %s on \\%s: the directory does not tell this attribute`, account.SID, directory.Controller)
	}
	list := slices.Sorted(slices.Values(groups.([]string)))
	return platform.DirectoryGroups{SID: account.SID, Controller: directory.Controller, Count: len(list), List: list}, nil
}

// directoryQuestions lists what directories can be asked.
func directoryQuestions(all map[string]Directory) []platform.Question {
	var questions []platform.Question
	for domain, directory := range all {
		for name := range directory.Accounts {
			questions = append(questions, platform.ReadDirectoryAccount(domain+`\`+name).Question)
		}
		for name := range directory.Groups {
			questions = append(questions, platform.ReadDirectoryGroups(domain+`\`+name).Question)
		}
	}
	return questions
}
