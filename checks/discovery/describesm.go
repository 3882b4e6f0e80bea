package discovery

import (
	"context"
	"strings"

	"siteready/checks/requirement"
	"siteready/platform"
)

// initialServer names the management server that runs the workflows: the initial one. Nothing in
// the registry tells it from the others. That the class has a function of its name, and which
// tables hold the server, is known from the tool of Microsoft's support.
var initialServer = platform.SQL[initialRow]("initial-server", `
	SELECT ISNULL(w.name, N'') AS server,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.ScopedInstanceTargetClass', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.BaseManagedEntity', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fn_ManagedTypeId_MicrosoftSystemCenterWorkflowTarget', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT DB_ID() AS id) o
	LEFT JOIN (SELECT TOP (1) e.DisplayName AS name
		FROM dbo.ScopedInstanceTargetClass s INNER JOIN dbo.BaseManagedEntity e ON e.BaseManagedEntityId = s.ScopedInstanceId
		WHERE s.ManagedTypeId = dbo.fn_ManagedTypeId_MicrosoftSystemCenterWorkflowTarget() AND e.IsDeleted = 0) w ON o.id > 0`)

type initialRow struct {
	Server string `json:"server"` // a NetBIOS or DNS name; empty when no server is recorded
}

// InitialServerRight is what telling the initial from other management servers needs.
const InitialServerRight = "SQL Server: SELECT on ScopedInstanceTargetClass and BaseManagedEntity, and EXECUTE on fn_ManagedTypeId_MicrosoftSystemCenterWorkflowTarget, in the database ServiceManager"

// InitialServerForm is the question that InitialServer asks.
func InitialServerForm() platform.Form {
	return initialServer.In("{SQL Server}", "{database}").Form()
}

// InitialServer says whether a management server is the initial one of its management group,
// which runs the workflows and alone needs all services.
func InitialServer(ctx context.Context, a platform.Asker, d Database, computer platform.Computer) (bool, error) {
	row, err := platform.AskOne(ctx, a, initialServer.In(d.Instance, d.Name))
	if err != nil {
		return false, err
	}
	if row.Server == "" {
		return false, platform.Refuse(platform.ErrMalformed, "database %s on SQL Server %s names no server that runs the workflows", d.Name, d.Instance)
	}
	return isComputer(computer, row.Server), nil
}

// isComputer reports whether a NetBIOS or DNS name is the machine's.
func isComputer(computer platform.Computer, name string) bool {
	return strings.EqualFold(name, computer.FQDN) || strings.EqualFold(name, computer.Name)
}

// describeServiceManager says what of Service Manager is here. Of a server that does not know its
// database, the database stays empty: the checks say why.
func describeServiceManager(ctx context.Context, a platform.Asker, sm ServiceManager, computer platform.Computer) ServiceManagerSubject {
	s := ServiceManagerSubject{
		Parts: sm.Parts(), Version: sm.Version.String(), Release: strings.Join(sm.Names(), " or "), InstallDir: sm.InstallDir,
	}
	switch {
	case sm.Server != "":
		s.Role = sm.Server
	case sm.Portal:
		s.Role = Portal
	default:
		s.Role = Console
	}
	databases, err := DatabasesOf(ctx, a, sm)
	if err != nil || len(databases) == 0 {
		return s
	}
	s.SQLServer, s.Database = databases[0].Instance, databases[0].Name
	if sm.Server != Management {
		return s
	}
	rows, ok := platform.Note(ctx, a, initialServer.In(s.SQLServer, s.Database))
	switch {
	case !ok || len(rows) != 1 || rows[0].Server == "":
	case isComputer(computer, rows[0].Server):
		s.Initial = "initial"
	default:
		s.Initial = "secondary"
	}
	return s
}

// headline says it in one line.
func (s ServiceManagerSubject) headline() string {
	text := "Service Manager " + strings.Join(s.Parts, " and ")
	if s.Initial != "" {
		text = "Service Manager " + s.Initial + " " + strings.Join(s.Parts, " and ")
	}
	switch {
	case s.Version == "":
		return text
	case s.Release == "":
		return text + ", version " + s.Version
	default:
		return text + ", version " + s.Version + " (" + s.Release + ")"
	}
}

// beside adds what of Service Manager is here to what the machine is to Configuration Manager.
func beside(s Subject, sm ServiceManagerSubject) Subject {
	s.ServiceManager = &sm
	switch s.Role {
	case CAS, Primary, Secondary, Passive, NotKnown:
		s.Headline += "; and " + sm.headline()
		return s
	}
	other := s
	s = Subject{
		Headline: sm.headline(), Product: requirement.ServiceManager.Name(), Role: sm.Role, Version: sm.Version, InstallDir: sm.InstallDir,
		SQLServer: sm.SQLServer, Database: sm.Database, ServiceManager: &sm,
	}
	if other.Role == SiteSystem || other.RunOn != "" {
		s.Headline += "; " + other.Headline
	}
	return s
}
