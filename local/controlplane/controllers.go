package main

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"

	v1 "k8s.io/api/core/v1"
)

const resync = 12 * time.Hour

// runControllers deletes what an owner leaves and what a deleted namespace holds. It
// waits for the API server first, and returns nil when ctx is done: their watches have to
// end before the server can, as it waits for its last connection.
func runControllers(ctx context.Context, server, tokenFile, caFile string) error {
	config := &rest.Config{Host: server, BearerTokenFile: tokenFile, QPS: 100, Burst: 200}
	config.CAFile = caFile
	client, err := kubernetes.NewForConfig(config)
	for err != nil { // the certificate appears once the API server has made it
		time.Sleep(50 * time.Millisecond)
		client, err = kubernetes.NewForConfig(config)
	}
	err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 2*time.Minute, true,
		func(ctx context.Context) (bool, error) {
			return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
		})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	discovery := memory.NewMemCacheClient(client.Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(discovery)
	shared := informers.NewSharedInformerFactory(client, resync)
	started := make(chan struct{})
	factory := informerfactory.NewInformerFactory(shared, metadatainformer.NewSharedInformerFactory(objects, resync))

	collector, err := garbagecollector.NewGarbageCollector(
		ctx, client, objects, mapper, garbagecollector.DefaultIgnoredResources(), factory, started)
	if err != nil {
		return err
	}
	namespaces := namespace.NewNamespaceController(
		ctx, client, objects, client.Discovery().ServerPreferredNamespacedResources,
		shared.Core().V1().Namespaces(), 5*time.Minute, v1.FinalizerKubernetes)

	factory.Start(ctx.Done())
	close(started)
	go namespaces.Run(ctx, 2)
	go collector.Sync(ctx, client.Discovery(), time.Second)
	collector.Run(ctx, 2, time.Minute)
	if ctx.Err() != nil {
		return nil
	}
	return errors.New("the garbage collector returned")
}
