package recovery

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// encryptionKey tells how the database is encrypted, and by which certificate. A certificate is
// seen only by those who may see its definition.
var encryptionKey = platform.SQL[keyRow]("encryption-key", `
	SELECT ISNULL(k.encryption_state, 0) AS state, CASE WHEN k.encryptor_type LIKE N'ASYMMETRIC%' THEN 1 ELSE 0 END AS in_device,
		CASE WHEN c.certificate_id IS NULL THEN 0 ELSE 1 END AS seen, ISNULL(c.name, N'') AS certificate,
		CASE WHEN c.pvt_key_last_backup_date IS NULL THEN 0 ELSE 1 END AS saved,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER SECURITY STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT DB_ID() AS id) o
	LEFT JOIN sys.dm_database_encryption_keys k ON k.database_id = o.id
	LEFT JOIN master.sys.certificates c ON c.thumbprint = k.encryptor_thumbprint`)

type keyRow struct {
	State       int    `json:"state"`
	InDevice    int    `json:"in_device"`   // 1 when an asymmetric key encrypts it, which a device or a vault holds
	Seen        int    `json:"seen"`        // 1 when the certificate can be seen
	Certificate string `json:"certificate"` // its name
	Saved       int    `json:"saved"`       // 1 when its private key was saved to a file from here
}

// encryptionStates are the codes of sys.dm_database_encryption_keys.
var encryptionStates = [...]string{
	"no key", "not encrypted", "being encrypted", "encrypted", "its key is being changed", "being decrypted", "its protection is being changed",
}

const (
	notEncrypted = 1
	encrypted    = 3
	decrypting   = 5
)

func encryption() checks.Check {
	return checks.Check{
		ID:          "recovery.tde",
		Title:       "If a database is encrypted, has that ended, and has the key that opens its backups a backup itself?",
		Why:         "A backup of an encrypted database can be restored on another server only with the certificate and its private key. While a database is being encrypted or decrypted, it is read and written as a whole.",
		Consequence: "When the server is lost, all its backups are lost with it.",
		Remedy:      "Wait until encrypting or decrypting has ended. Save the certificate and its private key to files, and keep them and the password away from this server. If they were saved on another server, note where.",
		Command:     "BACKUP CERTIFICATE [name] TO FILE = N'...' WITH PRIVATE KEY (FILE = N'...', ENCRYPTION BY PASSWORD = N'...')",
		Covers:      []string{"Key of an encrypted database is saved", "Encryption of databases has ended"},
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/security/encryption/transparent-data-encryption",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-database-encryption-keys-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-certificates-transact-sql",
		},
		Rights: []string{
			databaseRight,
			"SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER SECURITY STATE is enough), and only for an encrypted database VIEW DEFINITION on the certificate in master",
		},
		Reads: append(discovery.DatabasesReads(),
			properties.In("{SQL Server}", "{site database}").Form(), encryptionKey.In("{SQL Server}", "{site database}").Form()),
		Run: discovery.OnDatabases(runEncryption),
	}
}

func runEncryption(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(ofSecondary), nil
	}
	database, err := askProperties(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	rows, err := platform.Ask(ctx, c, encryptionKey.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	row := rows[0]
	// A database counts as not encrypted any more as soon as somebody has asked for that.
	sound := row.State > notEncrypted
	if database.Encrypted == 0 {
		sound = row.State == decrypting || row.State == 0 || row.State == notEncrypted
	}
	if len(rows) != 1 || row.State < 0 || row.State >= len(encryptionStates) || !sound {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says %d about whether %s is encrypted, and gives %d as the state of its key", d.Instance, database.Encrypted, d.Name, row.State)
	}
	if database.Encrypted == 0 && row.State != decrypting {
		return checks.DoesNotApply("the database is not encrypted"), nil
	}
	key := d.Instance + "/" + d.Name
	items := []checks.Item{{
		Key: key + " encryption", Found: encryptionStates[row.State], Wanted: encryptionStates[encrypted],
		Where: "sys.dm_database_encryption_keys on " + d.Instance, Status: checks.Passed,
	}}
	if row.State != encrypted {
		items[0].Status = checks.Warning
	}
	saved := checks.Item{
		Key: key + " key", Wanted: "the private key was saved",
		Where: "sys.certificates in master on " + d.Instance, Status: checks.Passed,
		Found: fmt.Sprintf("the private key of certificate %s was saved", row.Certificate),
	}
	summary := "The database is encrypted, and the key for it was saved."
	if row.State != encrypted {
		summary = "The database is encrypted, and that is being changed."
	}
	switch {
	case row.Seen != 1:
		no := platform.Refuse(platform.ErrDenied, "this account does not see the certificate that encrypts %s on SQL Server %s", d.Name, d.Instance)
		no.Help = "Grant VIEW DEFINITION on the certificate in master."
		if row.InDevice == 1 {
			no = platform.Refuse(platform.ErrUnsupported, "%s on SQL Server %s is encrypted by a key in a device or a vault, whose backup SQL Server does not know", d.Name, d.Instance)
			no.Help = "Make sure that the provider of the key keeps a backup of it."
		}
		saved = checks.UnknownItem(saved.Key, saved.Wanted, no)
		summary = "Whether the key of the encrypted database was saved is not known."
	case row.Saved != 1:
		saved.Status, saved.Found = checks.Warning, fmt.Sprintf("the private key of certificate %s was never saved from this server", row.Certificate)
		summary = "The database is encrypted, and its key was never saved from this server."
	}
	return checks.Items(summary, append(items, saved)...), nil
}
