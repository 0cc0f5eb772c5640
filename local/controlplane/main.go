// Command controlplane is a real Kubernetes API server for a laptop: etcd, the API
// server, and the two controllers without which deleted things never go (garbage
// collection and namespaces), in one process. It has no nodes, so it runs no pods.
//
// Usage: controlplane --etcd-dir DIR --admin-token-file FILE -- KUBE-APISERVER-FLAG...
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// etcd asks nobody for a name. So it listens on sockets in its own folder, which is closed to
// other users, and on no port. They are named relative to it: a socket's path may not be long.
const (
	clientSocket = "client.sock"
	peerSocket   = "peer.sock"
)

func main() {
	dir := flag.String("etcd-dir", "", "folder of etcd's data")
	server := flag.String("server", "", "URL of the API server, for the controllers")
	tokenFile := flag.String("admin-token-file", "", "file that holds a token of group system:masters")
	caFile := flag.String("ca-file", "", "certificate authority of the API server's serving certificate")
	flag.Parse()

	if err := startEtcd(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "etcd did not start:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		if err := runControllers(ctx, *server, *tokenFile, *caFile); err != nil {
			fmt.Fprintln(os.Stderr, "the controllers stopped:", err)
			os.Exit(1)
		}
	}()
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers=unix://" + clientSocket}, flag.Args()...))
	os.Exit(cli.Run(command))
}

// startEtcd serves a single member and returns once it can be written to. A member
// that dies later takes the process with it: an API server without storage is useless.
// The process works in its folder from then on.
func startEtcd(dir string) error {
	if err := enterPrivate(dir); err != nil {
		return err
	}
	config := embed.NewConfig()
	config.Dir = dir
	config.ListenClientUrls = []url.URL{{Scheme: "unix", Host: clientSocket}}
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: peerSocket}}
	nobody := url.URL{Scheme: "http", Host: "127.0.0.1:0"} // has to look like host:port; there are no other members
	config.AdvertiseClientUrls, config.AdvertisePeerUrls = []url.URL{nobody}, []url.URL{nobody}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "warn"
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration // unset, it warns of every request
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		if strings.Contains(err.Error(), "no space left") {
			return fmt.Errorf("%w (free some space on the disk that holds %s)", err, dir)
		}
		return err
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return err
	case <-time.After(time.Minute):
		etcd.Close()
		return fmt.Errorf("not ready within a minute, data in %s", dir)
	}
	go func() {
		fmt.Fprintln(os.Stderr, "etcd stopped:", <-etcd.Err())
		os.Exit(1)
	}()
	return nil
}

func enterPrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return os.Chdir(dir)
}
