"""Resize the images of a bucket on a Ray cluster: python on_ray.py 's3://photos/**/*.jpg' 's3://thumbs/{dir}/{stem}-{width}.{ext}'."""

import sys

import ray

from pixmill.batch.shards import make_job, open_batch, run_shard

job = make_job(sys.argv[1], sys.argv[2], width=[320, 640], format=["avif", "webp"])
ray.init()
remote = ray.remote(run_shard)
with open_batch(job) as batch:
    for result in batch.results(lambda shard: remote.remote(shard).future()):
        for failure in result.failures:
            print(failure.input, failure.code, failure.message)
