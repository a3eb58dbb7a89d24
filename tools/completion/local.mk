# Where the shells look: of loamfs; that of loamctl is in its folder.
dist_bashcomp_DATA += %D%/loamfs
dist_zshcomp_DATA += %D%/_loamfs
