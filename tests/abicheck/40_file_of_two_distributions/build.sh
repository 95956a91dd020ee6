module shared/_shared '' ''
package shared
distribution one 1.0 "$TAG" shared
distribution two 1.0 "$TAG" shared
