"""Resize the images of a bucket on a Dask cluster: python on_dask.py 's3://photos/**/*.jpg' 's3://thumbs/{dir}/{stem}-{width}.{ext}'."""

import sys

from dask.distributed import Client

from pixmill.batch.shards import make_job, open_batch, run_shard

if __name__ == "__main__":
    job = make_job(sys.argv[1], sys.argv[2], width=[320, 640], format=["avif", "webp"])
    with Client() as client, client.get_executor(pure=False) as cluster, open_batch(job) as batch:
        for result in batch.results(lambda shard: cluster.submit(run_shard, shard)):
            for failure in result.failures:
                print(failure.input, failure.code, failure.message)
