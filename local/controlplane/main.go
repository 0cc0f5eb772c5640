// Command controlplane is a real Kubernetes API server for a laptop: etcd, the API
// server, and the two controllers without which deleted things never go (garbage
// collection and namespaces), in one process. It has no nodes, so it runs no pods.
//
// Usage: controlplane --etcd-dir DIR --etcd-port PORT --admin-token-file FILE -- KUBE-APISERVER-FLAG...
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

func main() {
	dir := flag.String("etcd-dir", "", "folder of etcd's data")
	port := flag.Int("etcd-port", 0, "etcd's client port on loopback")
	server := flag.String("server", "", "URL of the API server, for the controllers")
	tokenFile := flag.String("admin-token-file", "", "file that holds a token of group system:masters")
	caFile := flag.String("ca-file", "", "certificate authority of the API server's serving certificate")
	flag.Parse()

	if err := startEtcd(*dir, *port); err != nil {
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
	command.SetArgs(append([]string{fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", *port)}, flag.Args()...))
	os.Exit(cli.Run(command))
}

// startEtcd serves a single member and returns once it can be written to. A member
// that dies later takes the process with it: an API server without storage is useless.
func startEtcd(dir string, port int) error {
	config := embed.NewConfig()
	config.Dir = dir
	client := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "warn"
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
