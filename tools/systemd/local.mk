# A unit for each mount that is to be there when the machine starts.
nodist_unit_DATA = %D%/loamfs@.service
EXTRA_DIST += %D%/loamfs@.service.in
CLEANFILES += %D%/loamfs@.service

%D%/loamfs@.service: %D%/loamfs@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's,[@]bindir[@],$(bindir),' \
		'$(srcdir)/%D%/loamfs@.service.in' >'$@'
