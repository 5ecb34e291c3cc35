module example.com/iam

go 1.24
