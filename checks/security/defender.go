package security

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// psexecRule is the number of the rule that blocks processes which WMI commands create. The keys
// with the rules' states hold texts or numbers.
const (
	psexecRule = "d1e49aac-8f56-4280-b9ba-993a6d77406c"
	rulesBelow = `\Windows Defender Exploit Guard\ASR\Rules`
)

var (
	scannerService = platform.ReadService("WinDefend")
	passiveMode    = platform.ReadNumber(`HKLM\SOFTWARE\Policies\Microsoft\Windows Advanced Threat Protection`, "ForceDefenderPassiveMode")
	rulePolicy     = platform.ReadNumber(policyKey+rulesBelow, psexecRule)
	ruleOwn        = platform.ReadNumber(defenderKey+rulesBelow, psexecRule)
)

// ruleStates are the states of a rule; 1 and 6 keep programs from starting.
var ruleStates = map[platform.Number]string{0: "off", 1: "blocks", 2: "audits", 5: "not configured", 6: "warns"}

func blocks(n platform.Number) bool { return n == 1 || n == 6 }

func attackSurface() checks.Check {
	return checks.Check{
		ID:          "security.attack-surface",
		Title:       "Does Microsoft Defender let WMI start programs on the site server?",
		Why:         "Microsoft warns of the rule \"Block process creations originating from PSExec and WMI commands\" on machines that Configuration Manager manages: the product relies on WMI.",
		Consequence: "Programs that the product starts through WMI are stopped without a word in its own logs.",
		Remedy:      "Turn the rule off for the site server, or let it audit only.",
		Command:     "Set-MpPreference -AttackSurfaceReductionRules_Ids " + psexecRule + " -AttackSurfaceReductionRules_Actions Disabled",
		Sources: []string{
			"https://learn.microsoft.com/defender-endpoint/attack-surface-reduction-rules-reference#block-process-creations-originating-from-psexec-and-wmi-commands",
		},
		Rights: []string{defenderRight, serviceRight},
		Reads:  withSite(scannerService.Form(), passiveMode.Form(), rulePolicy.Form(), ruleOwn.Form()),
		Run:    discovery.OnSite(runAttackSurface),
	}
}

// The rights to read what Microsoft Defender is told, and the state of its service.
const (
	defenderRight = "Windows: read the registry of Microsoft Defender, which by default every user may; its exclusions only administrators on newer versions of Windows"
	serviceRight  = "Windows: query the state of services, which every user who is logged on at the server may"
)

func runAttackSurface(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	if reason, err := defenderIdle(ctx, c); err != nil || reason != "" {
		return checks.DoesNotApply(reason), err
	}
	// A policy wins over what Microsoft Defender itself was told.
	for _, query := range []platform.Query[platform.Number]{rulePolicy, ruleOwn} {
		item := checks.Item{Key: "rule " + psexecRule, Wanted: "off, or audits", Where: query.String(), Status: checks.Passed}
		state, err := lookup(ctx, c, query)
		name, known := ruleStates[state.value]
		switch {
		case err != nil:
			return checks.Finding{}, err
		case !state.set:
			continue
		case !known:
			return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "%s is %d, which is not a state of a rule that is known here", query, state.value)
		case blocks(state.value):
			item.Found, item.Status = fmt.Sprintf("%s (%d)", name, state.value), checks.Warning
			return checks.Items("Microsoft Defender keeps WMI from starting programs.", item), nil
		}
		item.Found = fmt.Sprintf("%s (%d)", name, state.value)
		return checks.Items("Microsoft Defender lets WMI start programs.", item), nil
	}
	return checks.Passes("The rule is not set."), nil
}

// defenderIdle says why Microsoft Defender guards nothing here; it is empty where it runs.
func defenderIdle(ctx context.Context, c *checks.Case) (string, error) {
	service, err := platform.Ask(ctx, c, scannerService)
	switch {
	case isAbsent(err):
		return "Microsoft Defender is not installed here", nil
	case err != nil:
		return "", err
	case service.State == "stopped" && service.Start == startDisabled:
		return "Microsoft Defender is switched off here", nil
	}
	passive, err := lookup(ctx, c, passiveMode)
	if err == nil && passive.is(1) {
		return "Microsoft Defender is passive here, beside another virus scanner", nil
	}
	return "", err
}
