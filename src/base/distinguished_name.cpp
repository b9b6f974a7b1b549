#include "base/distinguished_name.h"
