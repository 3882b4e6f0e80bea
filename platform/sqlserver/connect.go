package sqlserver

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"os"
	"sync"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
)

// lockLimit is how long a statement waits for a lock, as SessionSetup says.
const lockLimit = 5 * time.Second

// SessionSetup is sent once over each connection, before anything else: it reads what is not
// committed, waits lockLimit for a lock, and gives way in a deadlock.
const SessionSetup = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW;"

// connect makes a connection to t. Every question to an instance passes one gate to log on: the
// first refused log-on ends it for those that wait, so that no account gets locked out. Setting
// the session up locks nobody out, and is done outside.
func (r *Reader) connect(ctx context.Context, t target) (*link, error) {
	i := r.pool.instance(t)
	select {
	case i.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	leave := sync.OnceFunc(func() { <-i.gate })
	defer leave()
	if no := i.refusal(t.database); no != nil {
		return nil, no
	}
	if r.pool.isClosed() {
		return nil, errClosed(t)
	}
	limited, cancel := context.WithTimeout(ctx, r.connectLimit)
	defer cancel()
	explain := r.explainConnect
	l, err := r.open(limited, t)
	if err == nil {
		leave()
		explain = r.explainSetUp
		err = l.setUp(limited)
	}
	switch {
	case err == nil:
		return l, nil
	case hasEnded(ctx):
		return nil, ctx.Err()
	}
	no := explain(t, l.wire.stage(), err, hasEnded(limited))
	i.refuse(t.database, no) // before the next one passes the gate
	return nil, no
}

// hasEnded reports whether ctx has ended. A dial that ends with the deadline may do so a moment
// before its context; it is not the server's fault then.
func hasEnded(ctx context.Context) bool {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// open connects and logs on. The driver does not heed its context in PRELOGIN and the TLS
// handshake, and where it does it leaves a goroutine behind; so it gets one that never ends,
// and the sockets are closed under it.
func (r *Reader) open(ctx context.Context, t target) (*link, error) {
	l := &link{target: t, wire: &wire{dial: r.dial, limit: ctx, host: t.host}}
	stop := context.AfterFunc(ctx, l.wire.cut)
	defer stop()
	connector := mssql.NewConnectorConfig(r.config(t))
	connector.Dialer = l.wire
	if err := l.connect(context.WithoutCancel(ctx), connector); err != nil {
		l.cut()
		return l, err
	}
	if !stop() { // the time was up at the last moment, and the sockets are closed
		return l, ctx.Err()
	}
	return l, nil
}

func (l *link) connect(endless context.Context, c *mssql.Connector) (err error) {
	defer catch(&err)
	conn, err := c.Connect(endless)
	if err == nil {
		l.conn = conn.(*mssql.Conn)
	}
	return err
}

// setUp sends SessionSetup. A connection that does not take it has been cut.
func (l *link) setUp(ctx context.Context) error {
	stop := context.AfterFunc(ctx, l.wire.cut)
	err := l.execute(context.WithoutCancel(ctx), SessionSetup)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		l.cut()
	}
	return err
}

func (l *link) execute(endless context.Context, text string) (err error) {
	defer catch(&err)
	statement, err := l.conn.PrepareContext(endless, text)
	if err != nil {
		return err
	}
	_, err = statement.(driver.StmtExecContext).ExecContext(endless, nil)
	return err
}

// config is the driver's configuration for t. Nothing is left to the driver's defaults: without
// a word about encryption it would not verify certificates.
func (r *Reader) config(t target) msdsn.Config {
	trust := r.trustAll || r.encryption != Strict && r.roots == nil && r.local(t.host)
	c := msdsn.Config{
		Host:        t.host,
		Port:        uint64(t.port),
		Instance:    t.instance,
		Database:    t.database,
		ServerSPN:   t.principal(),
		AppName:     "siteready",
		Protocols:   []string{"tcp"},
		DialTimeout: -1, // wire has its own
		// A connection that broke is for Reader to judge.
		DisableRetry: true,
		Encryption:   r.encryption.setting(),
		TLSConfig: &tls.Config{
			ServerName:         t.host,
			RootCAs:            r.roots,
			InsecureSkipVerify: trust, // stated in Options: asked for, or this very machine
			MinVersion:         tls.VersionTLS12,
			// SQL Server wants each of its packets in one TLS record.
			DynamicRecordSizingDisabled: true,
		},
		TrustServerCertificate: trust,
		Encoding:               msdsn.EncodeParameters{Timezone: time.UTC},
	}
	if name, err := os.Hostname(); err == nil {
		c.Workstation = name
	}
	r.logOn(&c)
	return c
}
