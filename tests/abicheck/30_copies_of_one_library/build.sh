hash=1a2b3c4d
for name in one two; do
    so $name.libs/libcrypto-$hash.so.3 "int EVP_DigestInit_ex(void) { return 1; } char of_$name;" "$(soname libcrypto-$hash.so.3)"
    module $name/_$name 'int EVP_DigestInit_ex(void);' 'EVP_DigestInit_ex()' \
        "$SITE/$name.libs/libcrypto-$hash.so.3" "$(runpath '$ORIGIN/../'$name.libs)"
    package $name
    distribution $name
    hash=5e6f7a8b
done
