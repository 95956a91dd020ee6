module pkg/_pkg 'int nobody_has_this(void);' 'nobody_has_this()'
package pkg
distribution pkg
