# adit_python_tests(MODULE [CLASSES c...] [LABELS l...] [TIMEOUT s]): each class of a unittest module is a ctest of its own, so that they can run side by side.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(adit_python_tests MODULE)
  cmake_parse_arguments(ARG "" "TIMEOUT" "CLASSES;LABELS" ${ARGN})
  foreach(CLASS ${ARG_CLASSES})
    add_test(NAME ${MODULE}.${CLASS} COMMAND Python3::Interpreter -m unittest -v ${MODULE}.${CLASS} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${MODULE}.${CLASS} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT
                                                       "ADIT_PROGRAMS=${CMAKE_BINARY_DIR}/bin;PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()
