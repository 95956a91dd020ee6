module pkg/_pkg '' '' -Wl,-z,execstack
package pkg
distribution pkg
