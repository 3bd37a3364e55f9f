"""Resize the images of a bucket on a Dask cluster: python on_dask.py 's3://photos/**/*.jpg' 's3://thumbs/{dir}/{stem}-{width}.{ext}'."""

import sys

from dask.distributed import Client, as_completed

from pixmill.batch.shards import make_job, open_batch, run_shard

if __name__ == "__main__":
    job = make_job(sys.argv[1], sys.argv[2], width=[320, 640], format=["avif", "webp"])
    with Client() as client, open_batch(job) as batch:
        for future in as_completed(client.map(run_shard, list(batch.shards()), pure=False)):
            for failure in future.result().failures:
                print(failure.input, failure.code, failure.message)
