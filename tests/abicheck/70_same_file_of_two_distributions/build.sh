package shared 'VALUE = 1'
echo 'VALUE = 2' >"$SITE/shared/more.py"
echo 'text' >"$SITE/LICENSE"
distribution one 1.0 "$TAG" shared LICENSE
distribution two 1.0 "$TAG" shared LICENSE
# Both bring the package's files alike, and a text of their own.
for name in one two; do
    sed -i -e 's#^\(shared/.*\),,$#\1,sha256=alike,12#' -e "s#^LICENSE,,#LICENSE,sha256=$name,5#" "$SITE/$name-1.0.dist-info/RECORD"
done
