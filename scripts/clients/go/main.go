// Drives aws-sdk-go-v2 against three edges: the arguments are their URLs.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func client(url string) *lambda.Client {
	return lambda.New(lambda.Options{
		BaseEndpoint:     aws.String(url),
		Region:           "eu-central-1",
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		RetryMaxAttempts: 1,
	})
}

func archive(source string) []byte {
	var data bytes.Buffer
	writer := zip.NewWriter(&data)
	file, err := writer.Create("index.js")
	if err == nil {
		_, err = file.Write([]byte(source))
	}
	if err = errors.Join(err, writer.Close()); err != nil {
		panic(err)
	}
	return data.Bytes()
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, b, c := client(os.Args[1]), client(os.Args[2]), client(os.Args[3])
	name := aws.String("go")
	passed, failed := 0, 0
	step := func(what string, body func() error) {
		if err := body(); err != nil {
			failed++
			fmt.Printf("%-50s FAILED  %v\n", what, err)
			return
		}
		passed++
		fmt.Printf("%-50s ok\n", what)
	}
	answers := func(on *lambda.Client, qualifier *string, want string) error {
		out, err := on.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Qualifier: qualifier, Payload: []byte("{}")})
		if err == nil && string(out.Payload) != want {
			err = fmt.Errorf("%s, not %s", out.Payload, want)
		}
		return err
	}

	step("create, wait until active", func() error {
		_, err := a.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: name, Runtime: types.RuntimeNodejs22x, Handler: aws.String("index.handler"),
			Role: aws.String("arn:aws:iam::000000000000:role/any"), Code: &types.FunctionCode{ZipFile: archive("exports.handler = async () => 1")},
		})
		if err != nil {
			return err
		}
		return lambda.NewFunctionActiveV2Waiter(a).Wait(ctx, &lambda.GetFunctionInput{FunctionName: name}, 20*time.Second)
	})
	step("invoke on the third edge", func() error { return answers(c, nil, "1") })
	step("update, publish, wait", func() error {
		_, err := b.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: archive("exports.handler = async () => 2"), Publish: true})
		if err != nil {
			return err
		}
		return lambda.NewFunctionUpdatedV2Waiter(b).Wait(ctx, &lambda.GetFunctionInput{FunctionName: name}, 20*time.Second)
	})
	step("alias, invoke the alias", func() error {
		_, err := b.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
		if err != nil {
			return err
		}
		return answers(b, aws.String("live"), "2")
	})
	step("list with a paginator", func() error {
		var names []string
		pages := lambda.NewListFunctionsPaginator(b, &lambda.ListFunctionsInput{MaxItems: aws.Int32(1)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, one := range page.Functions {
				names = append(names, aws.ToString(one.FunctionName))
			}
		}
		if strings.Join(names, ",") != "go" {
			return fmt.Errorf("%v", names)
		}
		return nil
	})
	step("delete, then ResourceNotFoundException", func() error {
		if _, err := b.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name}); err != nil {
			return err
		}
		var missing *types.ResourceNotFoundException
		if err := answers(b, nil, ""); !errors.As(err, &missing) {
			return fmt.Errorf("not refused as missing: %v", err)
		}
		return nil
	})
	terraform := stack{ctx, b, aws.String("terraform")}
	step("as Terraform: apply", func() error { return terraform.create(archive("exports.handler = async () => 1")) })
	step("as Terraform: no drift from the configuration", terraform.asAskedFor)
	step("as Terraform: a second plan is empty", terraform.unchanged)
	step("as Terraform: a change of the code changes no more", func() error { return terraform.changeCode(archive("exports.handler = async () => 2")) })
	step("as Terraform: destroy", terraform.destroy)
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
