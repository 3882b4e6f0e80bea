// Release makes what an administrator installs: the program for amd64 and arm64 with its version
// and its manifest, a Windows Installer package, zip files, the notices and the list of the parts
// that others made, and check sums. Two runs of one commit give the same bytes, wherever they run;
// only signatures differ. Nothing of it goes into siteready itself.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	out := flag.String("o", "", "the `folder` to make; it must not be there")
	tool := flag.String("goversioninfo", "", "the `program` that makes resources")
	number := flag.String("version", "", "the `number` of the release, as 1.2.3; without it the commit's tag, or 0.0.COMMITS")
	flag.Parse()
	if *out == "" || *tool == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := makeRelease(ctx, *out, *tool, *number)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// makeRelease makes the release of the folder that it is started in.
func makeRelease(ctx context.Context, out, tool, number string) error {
	origin, err := originOf(ctx, ".", number, os.Getenv)
	if err != nil {
		return err
	}
	signer, err := signerOf(os.Getenv)
	if err != nil {
		return err
	}
	source, err := os.MkdirTemp("", "siteready-release-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(source) }() // it is in the system's folder for what may be lost
	if err := copySource(ctx, ".", source); err != nil {
		return err
	}
	r := release{origin: origin, source: source, goversioninfo: tool, signer: signer}
	if err := r.make(ctx, out); err != nil {
		return err
	}
	log.Printf("%s has %s, built from %s", out, origin.version, origin.text)
	if strings.HasSuffix(origin.text, "-dirty") {
		log.Print("it has changes that are not committed: nobody can make it again")
	}
	if signer == nil {
		log.Printf("it is not signed: %s is not set", certificateVariable)
	}
	return nil
}
