package discovery

// Role is what this machine is to the product.
type Role string

// The roles.
const (
	CAS        Role = "cas"
	Primary    Role = "primary"
	Secondary  Role = "secondary"
	Passive    Role = "passive"     // the passive one of a site's two site servers
	SiteSystem Role = "site_system" // holds a role of a site, but is not its site server
	SQLServer  Role = "sql_server"  // holds SQL Server, perhaps a site's database
	Remote     Role = "remote"      // not looked at: only a database was named
	None       Role = "none"
	NotKnown   Role = "unknown" // discovery failed
)

// Subject is what a report is about.
type Subject struct {
	Headline     string `json:"headline"` // one line for people
	Computer     string `json:"computer"` // fully qualified; empty when it could not be read
	Account      string `json:"account"`  // that siteready ran as
	Elevated     bool   `json:"elevated"`
	Product      string `json:"product"` // Configuration Manager, Service Manager or empty
	Role         Role   `json:"role"`
	SiteCode     string `json:"site_code"`
	ParentSite   string `json:"parent_site"`
	Version      string `json:"version"`
	InstallDir   string `json:"install_dir"`
	SQLServer    string `json:"sql_server"` // SERVER, SERVER\INSTANCE, with ,PORT
	Database     string `json:"database"`
	ActiveServer string `json:"active_server"` // of a site with two site servers
	RunOn        string `json:"run_on"`        // the site server to run on instead; empty when this is one, or not known
	Problem      string `json:"problem"`       // why discovery failed; empty otherwise
}
