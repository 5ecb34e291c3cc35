module iamspec.example/tests/faults/proxy

go 1.22
