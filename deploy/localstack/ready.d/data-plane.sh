#!/usr/bin/env bash
# What AWS would have before the worker starts: the stack of the data plane and
# the credentials.  LocalStack runs this each time it is ready; it keeps nothing
# over a restart, so nothing can be there already.
set -euo pipefail

stack=audience-activation

awslocal cloudformation create-stack --stack-name "$stack" \
    --template-body file:///opt/audience-activator/data-plane.yaml \
    --parameters \
    ParameterKey=AudienceBucketName,ParameterValue=cleanroom-activations \
    ParameterKey=StateBucketName,ParameterValue=audience-activation-state >/dev/null

# The CLI's own `wait` looks every 30 seconds only.
status=CREATE_IN_PROGRESS
for _ in {1..60}; do
    status=$(awslocal cloudformation describe-stacks --stack-name "$stack" \
        --query 'Stacks[0].StackStatus' --output text)
    [[ $status == CREATE_IN_PROGRESS ]] || break
    sleep 0.5
done
if [[ $status != CREATE_COMPLETE ]]; then
    echo "the stack $stack ended as $status:" >&2
    awslocal cloudformation describe-stack-events --stack-name "$stack" --output text >&2
    exit 1
fi

# CloudFormation cannot make a SecureString.  The token is the simulator's, in
# compose.yaml; it opens nothing else.
awslocal ssm put-parameter --name /dev/cleanroom-activations/meta/conversions \
    --type SecureString --value '{"access_token":"DEMO-TOKEN-OF-THE-SIMULATOR","pixel_id":"1000000000000001"}' >/dev/null
