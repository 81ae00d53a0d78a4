/* Links a static library as C programs do, without rustc. */
#include <stdbool.h>
#include <stdio.h>

bool is_registered(void);

int main(void) {
    puts(is_registered() ? "=> registered" : "=> not registered");
    return 0;
}
