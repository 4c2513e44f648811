"""LocalStack writes a body over the object as it comes in, so that a client which goes
away in between (a worker that is killed, say) leaves half of it in place of what was
there.  On S3 that stays, and everything that writes there may rely on it.  This corrects
it in the running process; scripts/localstack/serve.py runs it too.
"""

import os
import shutil
import tempfile

from localstack.services.s3.storage.ephemeral import EphemeralS3StoredObject


def written_when_all_is_there(write):
    def write_whole(self, stream):
        from_client = stream is not None and not isinstance(stream, EphemeralS3StoredObject)
        if not (from_client and self.file.seek(0, os.SEEK_END)):
            return write(self, stream)
        with tempfile.SpooledTemporaryFile(max_size=1 << 20) as body:
            shutil.copyfileobj(stream, body)
            body.seek(0)
            return write(self, body)

    return write_whole


EphemeralS3StoredObject.write = written_when_all_is_there(EphemeralS3StoredObject.write)
