package main

// The calls that Terraform's aws provider makes for aws_lambda_function, _alias, _permission and _function_url, in its order:
// create and wait, read, change the code, destroy. A plan shows drift when a read differs from what was asked for, or
// from the read before.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const wait = 20 * time.Second

// stack is what one `terraform apply` brings up.
type stack struct {
	ctx    context.Context
	client *lambda.Client
	name   *string
}

// attributes are a resource's as they stand in the state.
type attributes map[string]any

func (s stack) create(code []byte) error {
	if _, err := s.client.CreateFunction(s.ctx, &lambda.CreateFunctionInput{
		FunctionName: s.name, Code: &types.FunctionCode{ZipFile: code}, Description: aws.String(""), MemorySize: aws.Int32(256), Timeout: aws.Int32(5),
		PackageType: types.PackageTypeZip, Publish: true, Role: aws.String("arn:aws:iam::000000000000:role/any"), Handler: aws.String("index.handler"),
		Runtime: types.RuntimeNodejs22x, Tags: map[string]string{"by": "terraform"}, Architectures: []types.Architecture{types.ArchitectureArm64},
		Environment: &types.Environment{Variables: map[string]string{"A": "b"}}, TracingConfig: &types.TracingConfig{Mode: types.TracingModeActive},
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(1024)},
		LoggingConfig:    &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: aws.String("/own/group")},
		VpcConfig:        &types.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}, Ipv6AllowedForDualStack: aws.Bool(false)},
	}); err != nil {
		return err
	}
	if err := lambda.NewFunctionExistsWaiter(s.client).Wait(s.ctx, &lambda.GetFunctionInput{FunctionName: s.name}, wait); err != nil {
		return err
	}
	if err := lambda.NewFunctionActiveV2Waiter(s.client).Wait(s.ctx, &lambda.GetFunctionInput{FunctionName: s.name}, wait); err != nil {
		return err
	}
	if _, err := s.client.PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: s.name, ReservedConcurrentExecutions: aws.Int32(3)}); err != nil {
		return err
	}
	if _, err := s.client.CreateAlias(s.ctx, &lambda.CreateAliasInput{FunctionName: s.name, Name: aws.String("live"), FunctionVersion: aws.String("1"), Description: aws.String("")}); err != nil {
		return err
	}
	if _, err := s.client.CreateFunctionUrlConfig(s.ctx, &lambda.CreateFunctionUrlConfigInput{
		FunctionName: s.name, Qualifier: aws.String("live"), AuthType: types.FunctionUrlAuthTypeNone, InvokeMode: types.InvokeModeBuffered,
		Cors: &types.Cors{AllowCredentials: aws.Bool(true), AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}, MaxAge: aws.Int32(60)},
	}); err != nil {
		return err
	}
	// What the provider adds by itself to a URL that asks for no authorization.
	for _, permission := range []*lambda.AddPermissionInput{
		{StatementId: aws.String("FunctionURLAllowPublicAccess"), Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone},
		{StatementId: aws.String("events"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"), SourceArn: aws.String("arn:aws:events:eu-central-1:000000000000:rule/r"), SourceAccount: aws.String("000000000000")},
	} {
		permission.FunctionName, permission.Qualifier = s.name, aws.String("live")
		if _, err := s.client.AddPermission(s.ctx, permission); err != nil {
			return err
		}
	}
	return nil
}

// read is what a plan compares.
func (s stack) read() (attributes, error) {
	function, err := s.client.GetFunction(s.ctx, &lambda.GetFunctionInput{FunctionName: s.name})
	if err != nil {
		return nil, err
	}
	var latest types.FunctionConfiguration
	versions := lambda.NewListVersionsByFunctionPaginator(s.client, &lambda.ListVersionsByFunctionInput{FunctionName: s.name, MaxItems: aws.Int32(10_000)})
	for versions.HasMorePages() {
		page, err := versions.NextPage(s.ctx)
		if err != nil {
			return nil, err
		}
		latest = page.Versions[len(page.Versions)-1]
	}
	signing, err := s.client.GetFunctionCodeSigningConfig(s.ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: s.name})
	if err != nil {
		return nil, err
	}
	alias, err := s.client.GetAlias(s.ctx, &lambda.GetAliasInput{FunctionName: s.name, Name: aws.String("live")})
	if err != nil {
		return nil, err
	}
	url, err := s.client.GetFunctionUrlConfig(s.ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: s.name, Qualifier: aws.String("live")})
	if err != nil {
		return nil, err
	}
	policy, err := s.client.GetPolicy(s.ctx, &lambda.GetPolicyInput{FunctionName: s.name, Qualifier: aws.String("live")})
	if err != nil {
		return nil, err
	}
	var document struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(aws.ToString(policy.Policy)), &document); err != nil {
		return nil, err
	}
	c := function.Configuration
	return attributes{
		"function": []any{c.Architectures, *c.FunctionArn, *c.Description, c.Environment.Variables, *c.EphemeralStorage.Size, *c.Handler, *c.MemorySize, *c.Timeout, *c.Role, c.Runtime, c.PackageType, c.TracingConfig.Mode, *c.LoggingConfig, c.VpcConfig, c.DeadLetterConfig, c.Layers, c.KMSKeyArn, c.SnapStart.ApplyOn},
		"code":     []any{*c.CodeSha256, c.CodeSize, *c.LastModified, *latest.Version, *latest.FunctionArn},
		"beside":   []any{function.Tags, *function.Concurrency.ReservedConcurrentExecutions, aws.ToString(signing.CodeSigningConfigArn)},
		"alias":    []any{*alias.AliasArn, *alias.FunctionVersion, *alias.Description, alias.RoutingConfig},
		"url":      []any{*url.FunctionUrl, url.AuthType, *url.Cors, url.InvokeMode, *url.FunctionArn},
		"policy":   document.Statement,
	}, nil
}

// drift says what differs.
func drift(before, after attributes, but ...string) error {
	for _, key := range but {
		if reflect.DeepEqual(before[key], after[key]) {
			return fmt.Errorf("%s did not change", key)
		}
		delete(before, key)
		delete(after, key)
	}
	for key, value := range before {
		if !reflect.DeepEqual(value, after[key]) {
			return fmt.Errorf("%s: %+v, then %+v", key, value, after[key])
		}
	}
	return nil
}

func (s stack) asAskedFor() error {
	read, err := s.read()
	if err != nil {
		return err
	}
	arn := "arn:aws:lambda:eu-central-1:000000000000:function:" + *s.name
	var none []types.Layer
	return drift(read, attributes{
		"function": []any{[]types.Architecture{types.ArchitectureArm64}, arn, "", map[string]string{"A": "b"}, int32(1024), "index.handler", int32(256), int32(5), "arn:aws:iam::000000000000:role/any", types.RuntimeNodejs22x, types.PackageTypeZip, types.TracingModeActive, types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: aws.String("/own/group")}, (*types.VpcConfigResponse)(nil), (*types.DeadLetterConfig)(nil), none, (*string)(nil), types.SnapStartApplyOnNone},
		"code":     read["code"],
		"beside":   []any{map[string]string{"by": "terraform"}, int32(3), ""},
		"alias":    []any{arn + ":live", "1", "", (*types.AliasRoutingConfiguration)(nil)},
		"url":      read["url"],
		"policy": []map[string]any{
			{"Sid": "FunctionURLAllowPublicAccess", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": arn + ":live", "Condition": map[string]any{"StringEquals": map[string]any{"lambda:FunctionUrlAuthType": "NONE"}}},
			{"Sid": "events", "Effect": "Allow", "Principal": map[string]any{"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": arn + ":live", "Condition": map[string]any{"StringEquals": map[string]any{"AWS:SourceAccount": "000000000000"}, "ArnLike": map[string]any{"AWS:SourceArn": "arn:aws:events:eu-central-1:000000000000:rule/r"}}},
		},
	})
}

// unchanged reads twice, as two plans do.
func (s stack) unchanged() error {
	first, err := s.read()
	if err != nil {
		return err
	}
	second, err := s.read()
	if err != nil {
		return err
	}
	return drift(first, second)
}

func (s stack) changeCode(code []byte) error {
	before, err := s.read()
	if err != nil {
		return err
	}
	if _, err := s.client.UpdateFunctionCode(s.ctx, &lambda.UpdateFunctionCodeInput{FunctionName: s.name, ZipFile: code}); err != nil {
		return err
	}
	if err := lambda.NewFunctionUpdatedV2Waiter(s.client).Wait(s.ctx, &lambda.GetFunctionInput{FunctionName: s.name}, wait); err != nil {
		return err
	}
	published, err := s.client.PublishVersion(s.ctx, &lambda.PublishVersionInput{FunctionName: s.name})
	if err != nil {
		return err
	}
	if err := lambda.NewPublishedVersionActiveWaiter(s.client).Wait(s.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: published.FunctionArn, Qualifier: published.Version}, wait); err != nil {
		return err
	}
	if _, err := s.client.UpdateAlias(s.ctx, &lambda.UpdateAliasInput{FunctionName: s.name, Name: aws.String("live"), Description: aws.String(""), FunctionVersion: published.Version, RoutingConfig: &types.AliasRoutingConfiguration{}}); err != nil {
		return err
	}
	after, err := s.read()
	if err != nil {
		return err
	}
	return drift(before, after, "code", "alias")
}

func (s stack) destroy() error {
	live := aws.String("live")
	for _, sid := range []string{"events", "FunctionURLAllowPublicAccess"} {
		if _, err := s.client.RemovePermission(s.ctx, &lambda.RemovePermissionInput{FunctionName: s.name, Qualifier: live, StatementId: &sid}); err != nil {
			return err
		}
	}
	if _, err := s.client.DeleteFunctionUrlConfig(s.ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: s.name, Qualifier: live}); err != nil {
		return err
	}
	if _, err := s.client.DeleteAlias(s.ctx, &lambda.DeleteAliasInput{FunctionName: s.name, Name: live}); err != nil {
		return err
	}
	if _, err := s.client.DeleteFunction(s.ctx, &lambda.DeleteFunctionInput{FunctionName: s.name}); err != nil {
		return err
	}
	var missing *types.ResourceNotFoundException
	if _, err := s.client.GetFunction(s.ctx, &lambda.GetFunctionInput{FunctionName: s.name}); !errors.As(err, &missing) {
		return fmt.Errorf("it is still there: %v", err)
	}
	return nil
}
