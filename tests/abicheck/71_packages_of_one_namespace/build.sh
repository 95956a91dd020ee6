mkdir -p "$SITE/space/one" "$SITE/space/two"
touch "$SITE/space/__init__.py"
for name in one two; do
    touch "$SITE/space/$name/__init__.py"
    module space/$name/_$name '' ''
    distribution $name 1.0 "$TAG" space/$name space/__init__.py
    sed -i 's#^\(space/__init__.py\),,$#\1,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0#' "$SITE/$name-1.0.dist-info/RECORD"
done
