package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

const (
	// upgradeCode is what makes all versions one product. It never changes.
	upgradeCode  = "00441662-E097-4064-900D-19E00962AFFB"
	manufacturer = "The siteready authors"
	description  = "Readiness of a Configuration Manager site for an update"
)

// installerSource is what wixl is told.
//
//go:embed siteready.wxs
var installerSource string

// environmentTable adds the program's folder to the search path of the machine, and takes it out
// again. wixl does not know the table. https://learn.microsoft.com/windows/win32/msi/environment-table
const environmentTable = "Environment\tName\tValue\tComponent_\r\n" +
	"s72\tl255\tL255\ts72\r\n" +
	"Environment\tEnvironment\r\n" +
	"Path\t=-*PATH\t[~];[INSTALLDIR]\tProgram\r\n"

// installer makes a Windows Installer package of files, by their names in the installed folder.
// Package and product have ids of their own: the product's is that of the version, the package's
// is that of its content, as Windows Installer wants them.
func (r release) installer(ctx context.Context, path string, files map[string]string) error {
	work := filepath.Dir(files[programFile])
	content := sha256.New()
	for _, name := range []string{programFile, licenceFile, noticesFile, partsFile} {
		data, err := os.ReadFile(files[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(content, "%s %d\n%s", name, len(data), data)
	}
	source, err := template.New("wxs").Parse(installerSource)
	if err != nil {
		return err
	}
	var wxs strings.Builder
	if err := source.Execute(&wxs, map[string]string{
		"Version": r.version, "ProductCode": braced(r.guid("product").String()), "UpgradeCode": braced(upgradeCode),
		"Manufacturer": manufacturer, "Program": programFile, "Licence": licenceFile, "Notices": noticesFile, "Parts": partsFile,
	}); err != nil {
		return err
	}
	fmt.Fprint(content, wxs.String(), r.changes(), environmentTable)
	for name, text := range map[string]string{
		"siteready.wxs": wxs.String(), "Environment.idt": environmentTable,
		"_SummaryInformation.idt": r.summary(braced(r.guid(fmt.Sprintf("package %x", content.Sum(nil))).String())),
	} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	wixl := command{dir: work, name: "wixl", args: []string{"--arch", "x64", "--output", path, "siteready.wxs"}, quiet: true}
	if _, err := wixl.run(ctx); err != nil {
		return err
	}
	args := []string{path, "-i", "Environment.idt"}
	for _, change := range r.changes() {
		args = append(args, "-q", change)
	}
	_, err = command{dir: work, name: "msibuild", args: append(args, "-i", "_SummaryInformation.idt"), quiet: true}.run(ctx)
	return err
}

// changes are what wixl cannot be told: when the search path is changed, that an old version goes
// away in one step with the new one's coming, that the event source of somebody else stays his, also
// where a person starts the installation, that the message file's path is one to be expanded,
// that the program has a version and no hash in its place, and the short names of files, without which names longer than eight
// letters are not as the tables want them.
func (r release) changes() []string {
	const (
		sequence = "INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('%s', %d)"
		file     = "UPDATE `File` SET `FileName` = '%s|%s' WHERE `File` = '%s'"
	)
	return []string{
		fmt.Sprintf(sequence, "RemoveEnvironmentStrings", 3300),
		fmt.Sprintf(sequence, "WriteEnvironmentStrings", 5200),
		"UPDATE `InstallExecuteSequence` SET `Sequence` = 1501 WHERE `Action` = 'RemoveExistingProducts'",
		"UPDATE `Component` SET `Condition` = 'NOT EVENTSOURCE OR OWNEVENTSOURCE' WHERE `Component` = 'EventSource'",
		"UPDATE `Property` SET `Value` = 'EVENTSOURCE;OWNEVENTSOURCE;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED' WHERE `Property` = 'SecureCustomProperties'",
		"UPDATE `Registry` SET `Value` = '#%%SystemRoot%\\System32\\EventCreate.exe' WHERE `Name` = 'EventMessageFile'",
		"UPDATE `File` SET `Version` = '" + r.version + ".0', `Language` = '1033' WHERE `File` = 'Program'",
		"DELETE FROM `MsiFileHash` WHERE `File_` = 'Program'", // only files without a version may have one
		fmt.Sprintf(file, "SITEREDY.EXE", programFile, "Program"),
		fmt.Sprintf(file, "NOTICES.TXT", noticesFile, "Notices"),
		fmt.Sprintf(file, "PARTS.JSN", partsFile, "Parts"),
		"UPDATE `Directory` SET `DefaultDir` = 'SITEREDY|siteready' WHERE `Directory` = 'INSTALLDIR'",
	}
}

// summary is the table of the package's summary, without the times and the random id that wixl
// gives it. https://learn.microsoft.com/windows/win32/msi/summary-property-descriptions
func (r release) summary(packageCode string) string {
	at := r.at.Format("2006/01/02 15:04:05")
	lines := []string{"PropertyId\tValue", "i2\tl255", "_SummaryInformation\tPropertyId"}
	for _, p := range []struct {
		id    int
		value string
	}{
		{1, "1252"},
		{2, "Installation Database"},
		{3, "siteready " + r.version},
		{4, manufacturer},
		{5, "Installer"},
		{6, description},
		{7, "x64;1033"},
		{9, packageCode},
		{12, at},
		{13, at},
		{14, "500"}, // Windows Installer 5.0
		{15, "2"},   // the files are compressed, and in the package
		{18, "wixl"},
		{19, "2"}, // reading only is recommended
	} {
		lines = append(lines, fmt.Sprintf("%d\t%s", p.id, p.value))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

func braced(guid string) string { return "{" + strings.ToUpper(guid) + "}" }
