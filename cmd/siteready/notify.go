package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"siteready/checks/configuration"
	"siteready/platform"
	"siteready/report"
	"siteready/report/history"
	"siteready/report/notify"
)

// The environment variables with what must not be seen in a list of processes or in a file. A web
// address may be such a secret itself.
const (
	mailUserVariable      = "SITEREADY_MAIL_USER"
	mailPasswordVariable  = "SITEREADY_MAIL_PASSWORD"
	webhookVariable       = "SITEREADY_WEBHOOK"
	webhookSecretVariable = "SITEREADY_WEBHOOK_SECRET"
)

// notifyOptions are the flags that say who is told of which runs.
type notifyOptions struct {
	on          string
	mailTo      []string
	mailFrom    string
	mailServer  string
	mailEncrypt string
	webhook     string
}

func (o *notifyOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.on, "notify-on", "", "which runs are told to somebody: change, always or failed (default: change, where there is somebody to tell)")
	f.StringArrayVar(&o.mailTo, "mail-to", nil, "who gets a mail; may be repeated")
	f.StringVar(&o.mailFrom, "mail-from", "", "the sender of mails")
	f.StringVar(&o.mailServer, "mail-server", "", "mail server, HOST or HOST:PORT; the log-on in "+mailUserVariable+" and "+mailPasswordVariable+" (default: none)")
	f.StringVar(&o.mailEncrypt, "mail-encrypt", string(notify.StartTLS), "starttls, tls or none")
	f.StringVar(&o.webhook, "webhook", "", "web address that gets the result as JSON, signed with the secret in "+webhookSecretVariable+" (default: with --notify-on the one in "+webhookVariable+")")
}

// address is the web address; empty when there is none. The one of the environment turns nothing
// on by itself.
func (o *notifyOptions) address() string {
	if o.webhook == "" && o.on != "" {
		return os.Getenv(webhookVariable)
	}
	return o.webhook
}

// enabled reports whether there is somebody to tell.
func (o *notifyOptions) enabled() bool { return len(o.mailTo) > 0 || o.address() != "" }

// when says which runs are told.
func (o *notifyOptions) when() notify.When {
	if o.on == "" {
		return notify.OnChange
	}
	return notify.When(o.on)
}

func (o *notifyOptions) mail() notify.Mail {
	return notify.Mail{
		Server: o.mailServer, Encryption: notify.Encryption(o.mailEncrypt), From: o.mailFrom, To: o.mailTo,
		User: os.Getenv(mailUserVariable), Password: os.Getenv(mailPasswordVariable),
	}
}

// senders are all ways on which somebody is told.
func (o *notifyOptions) senders() []notify.Sender {
	var all []notify.Sender
	if len(o.mailTo) > 0 {
		all = append(all, o.mail())
	}
	if address := o.address(); address != "" {
		all = append(all, notify.Webhook{URL: address, Secret: os.Getenv(webhookSecretVariable), Agent: "siteready/" + programVersion()})
	}
	return all
}

// validate finds what would keep all runs from being told, before anything is asked. Folder is
// that of the history.
func (o *notifyOptions) validate(config *configOptions, folder string) error {
	if err := o.validateValues(config); err != nil {
		return err
	}
	switch {
	case len(o.mailTo) == 0 && (o.mailFrom != "" || o.mailServer != ""):
		return errors.New("who gets a mail is not said: --mail-to")
	case o.on != "" && !o.enabled():
		return fmt.Errorf("%s %w: --mail-to, --webhook or a web address in %s", config.said("notify-on"), errNobody, webhookVariable)
	case !o.enabled():
		return nil
	}
	if len(o.mailTo) > 0 {
		switch {
		case o.mailServer == "":
			return fmt.Errorf("%s needs --mail-server", config.said("mail-to"))
		case o.mailFrom == "":
			return fmt.Errorf("%s needs --mail-from", config.said("mail-to"))
		}
		mail := o.mail()
		mail.User, mail.Password = "", "" // what is wrong with the environment must not keep a night from its check
		if err := mail.Validate(); err != nil {
			return fmt.Errorf("mail: %w", err)
		}
	}
	if o.when() == notify.OnChange && folder == "" {
		return errors.New("to tell only changes, siteready must remember what it told: --history FOLDER; or say --notify-on always or failed")
	}
	return nil
}

// errNobody is that nobody is named who could be told. An address may be gone from the environment.
var errNobody = errors.New("needs somebody to tell")

// validateValues finds values that no other flag and no configuration can make right.
func (o *notifyOptions) validateValues(config *configOptions) error {
	if o.on != "" && !slices.Contains(notify.Whens(), o.on) {
		return fmt.Errorf("%s is %s, not %q", config.said("notify-on"), strings.Join(notify.Whens(), ", "), o.on)
	}
	if !slices.Contains(notify.Encryptions(), o.mailEncrypt) {
		return fmt.Errorf("%s is %s, not %q", config.said("mail-encrypt"), strings.Join(notify.Encryptions(), ", "), o.mailEncrypt)
	}
	if o.webhook != "" {
		if _, err := notify.ParseURL(o.webhook); err != nil {
			return err
		}
	}
	return nil
}

// notifyRules are what the section notify of a configuration is judged by.
func notifyRules() configuration.NotifyRules {
	return configuration.NotifyRules{
		On: notify.Whens(), Encryption: notify.Encryptions(),
		Address:  func(text string) error { _, err := notify.ParseAddress(text); return err },
		Server:   func(text string) error { _, _, err := notify.ParseServer(text); return err },
		Webhook:  func(text string) error { _, err := notify.ParseURL(text); return err },
		MailUser: mailUserVariable, MailPassword: mailPasswordVariable, WebhookSecret: webhookSecretVariable,
	}
}

// tell tells of a run, where somebody is to be told of it. Whether that succeeds changes neither
// the verdict nor the exit code; what fails is said, and is told with the next run.
func (p *program) tell(ctx context.Context, r report.Report, out *outputOptions) {
	o := &out.telling
	senders := o.senders()
	if len(senders) == 0 {
		return
	}
	if errors.Is(context.Cause(ctx), platform.ErrInterrupted) {
		say(p.stderr, "nobody was told: the run was interrupted")
		return
	}
	file, series, memory := p.remembered(r, out.history.folder)
	told := notify.Memory{}
	for _, sender := range senders {
		var before *notify.Told
		if last, known := memory[sender.Channel()]; known {
			before = &last
		}
		old := older(r, before)
		if old != "" {
			before = nil // what is new against later facts is none
		}
		due, why := o.when().Due(r, before)
		if old != "" {
			due, why = due && o.when() != notify.OnChange, old
		}
		if !due {
			say(p.stderr, fmt.Sprintf("nothing was told by %s: %s", sender.Channel(), why))
			continue
		}
		message, err := notify.NewMessage(r, before)
		if err == nil {
			err = sender.Send(ctx, message)
		}
		if err != nil {
			p.untold(sender.Channel(), err, out.eventLog)
		}
		if err == nil || errors.Is(err, notify.ErrPartly) {
			say(p.stderr, fmt.Sprintf("told by %s: %s", sender.Channel(), why))
			if old == "" {
				told[sender.Channel()] = message.Changes.Now
			}
		}
	}
	if len(told) > 0 && series != nil {
		p.remember(ctx, file, series, told)
	}
}

// older says that a run judged a recording that is older than what somebody was told last: that is
// no change of the site, and nothing to compare the next run with. Empty when it is not so. A run of
// this machine is never older: its clock or the one before may be wrong, and it must be told.
func older(r report.Report, before *notify.Told) string {
	if before == nil || r.Source.Kind != report.Recording || !r.ReadAt.Before(before.ReadAt) {
		return ""
	}
	return fmt.Sprintf("the facts of this recording are older than those that were told last, of %s", before.ReadAt.Format(report.Clock))
}

// untold says that a message was not delivered, to whoever looks.
func (p *program) untold(channel string, err error, eventLog bool) {
	text := fmt.Sprintf("the message by %s was not delivered: %v", channel, err)
	say(p.stderr, text)
	if eventLog {
		if err := report.WriteEvents([]report.Event{report.NotTold(text)}); err != nil {
			say(p.stderr, err.Error())
		}
	}
}

// remembered is what was told of this server last, the file where that is kept, and the runs whose
// lock guards it; no runs without a history. What cannot be read is not known, and so all is told
// again.
func (p *program) remembered(r report.Report, folder string) (string, *history.Series, notify.Memory) {
	none := notify.Memory{}
	if folder == "" {
		return "", nil, none
	}
	store, err := history.Open(folder)
	if err != nil {
		return "", nil, none // that the history cannot be used has been said
	}
	series := store.Of(r.Subject)
	file := filepath.Join(store.Dir(), series.Name+".told.json")
	memory, err := readMemory(file)
	if err != nil {
		say(p.stderr, fmt.Sprintf("what was told last cannot be read, and so all is told again: %s: %v", file, bare(err)))
		return file, series, none
	}
	return file, series, memory
}

// readMemory reads what was told last; nothing where there is no file.
func readMemory(file string) (notify.Memory, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return notify.Memory{}, nil
	}
	if err != nil {
		return nil, err
	}
	return notify.ParseMemory(data)
}

// remember adds what was told to what is remembered. Another run may have told on another way
// meanwhile; while it sends nobody waits.
func (p *program) remember(ctx context.Context, file string, series *history.Series, told notify.Memory) {
	err := series.Locked(context.WithoutCancel(ctx), func() error {
		memory, err := readMemory(file)
		if err != nil {
			memory = notify.Memory{} // that it cannot be read has been said
		}
		maps.Copy(memory, told)
		data, err := memory.Encode()
		if err != nil {
			return err
		}
		return replaceFile(file, func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
	})
	if err != nil {
		say(p.stderr, fmt.Sprintf("what was told could not be remembered, and so it will be told again: %v", err))
	}
}
