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
	Management Role = "management_server"
	Warehouse  Role = "warehouse_server" // of Service Manager's data warehouse
	Portal     Role = "portal"           // of Service Manager, without a server
	Console    Role = "console"          // of Service Manager, without a server
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

	ServiceManager *ServiceManagerSubject `json:"service_manager"` // what of Service Manager is here; nil when nothing is
}

// ServiceManagerSubject is what of Service Manager is on the machine.
type ServiceManagerSubject struct {
	Role       Role     `json:"role"`    // Management, Warehouse, Portal or Console: the first of what is here
	Parts      []string `json:"parts"`   // what is here, in words
	Initial    string   `json:"initial"` // of a management server: initial, secondary, or empty when it is not known
	Version    string   `json:"version"` // empty when it is not recorded
	Release    string   `json:"release"` // what the version is called: 2022; several names when they cannot be told apart
	InstallDir string   `json:"install_dir"`
	SQLServer  string   `json:"sql_server"` // of the first database
	Database   string   `json:"database"`   // the first one
}
