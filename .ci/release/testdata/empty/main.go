// Empty is a program to be signed.
package main

func main() {}
