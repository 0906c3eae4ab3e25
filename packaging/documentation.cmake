# What stands beside the programs: pages, manual pages made of three of them, and completions that the program prints itself.
set(_out ${CMAKE_BINARY_DIR}/packaging/share)
file(MAKE_DIRECTORY ${_out})
# Every page, so that none that another leads to can be forgotten; those for the project's own people stay here.
file(GLOB _pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md ${CMAKE_SOURCE_DIR}/docs/openapi.yaml)
list(FILTER _pages EXCLUDE REGEX "/(benchmarks|dependencies)\\.md$")
install(FILES ${_pages} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
# portal.md shows them.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/screenshots/portal DESTINATION ${CMAKE_INSTALL_DOCDIR}/screenshots
        PATTERN "*-360.webp" EXCLUDE PATTERN "*-2560.webp" EXCLUDE)

# The portal's pages, where tools/build-pages has built them.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/build/pages/ DESTINATION ${CMAKE_INSTALL_DATADIR}/sallyport/portal OPTIONAL
        PATTERN .inputs EXCLUDE)

set(_made)
find_program(SALLYPORT_LOWDOWN lowdown)
if(SALLYPORT_LOWDOWN)
  foreach(_pair cli:sallyport.1 configuration:sallyport.yaml.5 sallyportd:sallyportd.8)
    string(REGEX MATCH "^(.+):(.+[.](.))$" _ ${_pair})
    set(_page ${CMAKE_SOURCE_DIR}/docs/${CMAKE_MATCH_1}.md)
    set(_gz ${_out}/${CMAKE_MATCH_2}.gz)
    set(_section ${CMAKE_MATCH_3})
    add_custom_command(OUTPUT ${_gz}
      COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/man-page ${SALLYPORT_LOWDOWN} ${_page} ${PROJECT_VERSION} ${_gz}
      DEPENDS ${_page} ${CMAKE_CURRENT_SOURCE_DIR}/man-page VERBATIM)
    install(FILES ${_gz} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${_section})
    list(APPEND _made ${_gz})
  endforeach()
else()
  message(STATUS "lowdown is not here: no manual pages")
endif()

if(NOT CMAKE_CROSSCOMPILING)
  foreach(_pair bash:bash-completion/completions/sallyport zsh:zsh/vendor-completions/_sallyport
                fish:fish/vendor_completions.d/sallyport.fish)
    string(REGEX MATCH "^(.+):(.+)/([^/]+)$" _ ${_pair})
    set(_file ${_out}/${CMAKE_MATCH_1}/${CMAKE_MATCH_3})
    file(MAKE_DIRECTORY ${_out}/${CMAKE_MATCH_1})
    install(FILES ${_file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${CMAKE_MATCH_2})
    add_custom_command(OUTPUT ${_file} COMMAND sallyport completion ${CMAKE_MATCH_1} > ${_file} DEPENDS sallyport VERBATIM)
    list(APPEND _made ${_file})
  endforeach()
endif()
add_custom_target(sallyport_documentation ALL DEPENDS ${_made})
