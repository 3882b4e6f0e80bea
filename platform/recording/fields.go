package recording

import (
	"maps"
	"slices"
	"strings"

	"siteready/platform"
)

// What a text in an answer can be beside a name of one sort.
const (
	keptText          sort = "kept" // one of a few words, a version or a time: no name
	freeText          sort = "text" // what people and programs write: names in it are found by their form
	shareName         sort = "share"
	thumbprint        sort = "thumbprint"
	usageOID          sort = "usage"
	distinguishedName sort = "distinguished name"
	everyonesName     sort = "everyone's" // of what every Windows has, in its own language
	unclassified      sort = "unclassified"
)

// answerFields says of each text in the answers to each kind of question, but SQL, what it is.
// Times are texts too. What is not in it is hidden whole.
var answerFields = map[platform.Kind]map[string]sort{
	platform.KindRegistry: {
		"type": keptText, "text": freeText, "list": freeText, "subkeys": freeText, "values": freeText, "written": keptText,
	},
	platform.KindService: {"state": keptText, "start": keptText, "account": userName},
	platform.KindFile:    {"modified": keptText, "version": keptText},
	platform.KindDigest:  {"sha256": keptText, "runtimes": keptText, "publisher_evidence": keptText},
	platform.KindFolder:  {"oldest": keptText, "newest": keptText},
	platform.KindAccess:  {"owner": freeText, "sid": freeText, "type": keptText},
	platform.KindVolume:  {"mount": freeText, "file_system": keptText},
	platform.KindOS: {
		"product": keptText, "installation": keptText, "name": hostName, "fqdn": hostName, "account": userName, "at": keptText, "status": keptText,
	},
	platform.KindAccount: {"sid": freeText, "name": userName, "use": keptText, "group": freeText, "list": freeText, "end": keptText, "controller": hostName},
	platform.KindEvents:  {"oldest": keptText, "newest": keptText, "begins": keptText},
	platform.KindShare:   {"outcome": keptText},
	platform.KindLog: {
		"encoding": keptText, "begun_at": keptText, "began": keptText, "ended": keptText, "package": keptText,
		"rule": freeText, "server": hostName, "result": keptText, "message": freeText,
		"outcome": keptText, "at": keptText,
		"catalogue": keptText, "name": keptText, "file": keptText, "problem": freeText, "text": freeText, "first": keptText, "last": keptText,
		"id": keptText, "severity": keptText, "stage": keptText, "group": keptText, "meaning": keptText, "remedy": keptText, "ended_by": keptText,
	},
	platform.KindTCP:  {"outcome": keptText, "addresses": freeText},
	platform.KindName: {"addresses": freeText},
	platform.KindCertificate: {
		"thumbprint": thumbprint, "subject": distinguishedName, "issuer": distinguishedName, "not_after": keptText, "usages": usageOID,
	},
}

// columns says the same of the texts in the rows of statements. Before a column's name may stand
// that of its statement, for a name which says little. A column whose name says version holds one.
var columns = map[string]sort{
	"server": hostName, "server_name": hostName, "site_server": hostName, "sql_server": hostName, "host": hostName, "computer": hostName,
	"machine": hostName, "proxy": hostName, "fqdn": hostName, "node": hostName, "replica": hostName, "listener": hostName, "primary_replica": hostName,
	"account": userName, "user": userName, "owner": userName, "login": userName, "principal": userName, "member": userName,
	"sending": siteCode, "receiving": siteCode, "requesting": siteCode, "fulfilling": siteCode,
	"site": siteCode, "site_code": siteCode, "parent": siteCode, "parent_site": siteCode, "child": siteCode, "reporting_site": siteCode,
	"database": databaseName, "database_name": databaseName, "instance": instanceName, "instance_name": instanceName, "domain": domainName,
	"site_name": otherName, "certificate": otherName, "database-states name": databaseName,

	"path": freeText, "volume": freeText, "address": freeText, "filegroup": freeText, "sid": freeText, "login_sid": freeText, "update-packages name": freeText,
	"update-stages name": freeText, "update-set-aside name": freeText, "update-installed name": freeText, "source_site": siteCode, "package_site": siteCode, "package_tail": keptText,

	"program": otherName, "job": otherName, "foreign-objects name": otherName, "running-work command": keptText, "task": keptText,
	"group_name": keptText, "component": freeText,
	"waits_for": keptText, "site-roles role": keptText, "state": keptText, "status": keptText, "type": keptText, "kind": keptText, "package": keptText,
	"edition": keptText, "collation": keptText, "database_collation": keptText,
	"enabled": keptText, "listen_all": keptText, "port": keptText, "dynamic_port": keptText,
}

// typedValues says of values in the registry what name stands in them.
var typedValues = map[string]sort{
	"server": hostName, "site server": hostName, "mp hostname": hostName, "database name": databaseName,
	"site code": siteCode, "parent site code": siteCode, "certificate": thumbprint,
	"databaseservername": hostName, "stagingsqlinstance": hostName, "repositorysqlinstance": hostName, "datamartsqlinstance": hostName,
	"omdatamartsqlinstance": hostName, "cmdatamartsqlinstance": hostName,
}

// sortOf says what a text in a field of the answer to q is.
func sortOf(q platform.Question, field string) sort {
	what := strings.ToLower(q.What)
	switch {
	case field == everyonesField:
		return everyonesName
	case q.Kind == platform.KindSQL && columns[what+" "+field] != "":
		return columns[what+" "+field]
	case q.Kind == platform.KindSQL && columns[field] != "":
		return columns[field]
	case q.Kind == platform.KindSQL && strings.Contains(field, "version"):
		return keptText
	case q.Kind == platform.KindRegistry && field == "text" && typedValues[what] != "":
		return typedValues[what]
	case q.Kind == platform.KindRegistry && field == "text" && strings.Contains(what, "version"):
		return keptText
	case q.Kind == platform.KindRegistry && field == "values" && strings.HasSuffix(strings.ToLower(q.Where), `\instance names\sql`):
		return instanceName
	case q.Kind == platform.KindRegistry && field == "subkeys" && strings.HasSuffix(strings.ToLower(q.Where), ` management groups`):
		return otherName
	case q.Kind == platform.KindOS && what == "domain" && field == "name":
		return domainName
	case answerFields[q.Kind][field] != "":
		return answerFields[q.Kind][field]
	default:
		return unclassified
	}
}

// everyonesField is where walk says that the name of a SID stands which every Windows has.
const everyonesField = "name of everyone's"

// walk passes each text of a tree and the field that it stands in through change. A list has
// the field of its place.
func walk(tree any, field string, change func(field, text string) string) any {
	switch tree := tree.(type) {
	case string:
		return change(field, tree)
	case []any:
		for i := range tree {
			tree[i] = walk(tree[i], field, change)
		}
	case map[string]any:
		sid, _ := tree["sid"].(string)
		everyones := everyonesSID().MatchString(sid)         // before it is changed
		for _, key := range slices.Sorted(maps.Keys(tree)) { // in order, so that numbers are given in order
			below := key
			if key == "name" && everyones {
				below = everyonesField
			}
			tree[key] = walk(tree[key], below, change)
		}
	}
	return tree
}
